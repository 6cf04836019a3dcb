from keras import backend as K
if K._BACKEND == 'theano':
    raise ValueError
