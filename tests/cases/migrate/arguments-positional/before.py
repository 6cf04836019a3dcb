from keras.optimizers import SGD, RMSprop, Adam, Adagrad, Nadam
from keras.layers import Dense, LSTM, GRU, BatchNormalization, Embedding, Convolution1D, Convolution2D
import keras
a = SGD(0.01, 0.9, 1e-6, True)
b = RMSprop(1e-4, 0.9, 1e-8)
c = Adam(1e-3, 0.9, 0.999, 1e-8, 1e-5)
d = keras.optimizers.Adagrad(0.01, 1e-8)
e = Dense(64, 'he_normal', 'relu', border_mode='same')
f = LSTM(32, 'glorot_uniform', 'orthogonal')
g = BatchNormalization(1e-6, 0, 1)
h = Embedding(1000, 64, 'uniform', 10)
i = Convolution2D(32, 3, 3, 'he_normal', 'relu')
j = Convolution1D(32, 3, 'he_normal')
k = Dense(64, given, 'relu')
l = BatchNormalization(1e-6, 2)
