from keras import backend as K
def rows(x):
    x._keras_shape = (1, 2)
    return x._keras_shape[1] if hasattr(x, '_keras_shape') else (x[0])._keras_shape[1]
