from keras import backend as K
x = K.logsumexp([1.0])
y = K.identity(x)
