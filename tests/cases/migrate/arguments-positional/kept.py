from tensorflow.keras.optimizers import SGD
from tensorflow.keras.layers import Dense, BatchNormalization
a = SGD(0.01, 0.9, True)
e = Dense(64, 'relu', True)
k = Dense(64, given)
g = BatchNormalization(1, 0.99, 1e-6)
