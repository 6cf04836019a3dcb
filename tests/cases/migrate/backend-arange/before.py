from keras import backend as K
def call(x): return K.arange(K.shape(x)[0])
