from tensorflow.keras import backend as K
def rows(x):
    x._keras_shape = (1, 2)
    return K.int_shape(x)[1] if hasattr(x, '_keras_shape') else K.int_shape((x[0]))[1]
