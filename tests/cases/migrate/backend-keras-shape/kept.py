from tensorflow.keras import backend as K
def rows(x): return K.int_shape(x)[1]  # once x._keras_shape
