from tensorflow.keras import backend as K
def call(x): return K.arange(0, K.shape(x)[0])
