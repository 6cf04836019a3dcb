import tensorflow
from tensorflow import slice as cut
from tensorflow.keras import backend as K
x = tensorflow.reduce_logsumexp([1.0]) + K.sum([1.0])
y = tensorflow.is_tensor(x)
