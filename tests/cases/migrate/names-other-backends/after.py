from tensorflow.keras import backend as K
if K.backend() == 'theano':
    from keras.backend import theano_backend
    x = K.pattern_broadcast(x, [True])
    print(theano_backend)
