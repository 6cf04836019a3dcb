from tensorflow.keras import backend as K
if K.backend() == 'theano':
    raise ValueError
