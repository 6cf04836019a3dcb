import tensorflow
from keras.backend import slice as cut
from keras import backend as K
x = K.logsumexp([1.0]) + K.sum([1.0])
y = K.is_tensor(x)
