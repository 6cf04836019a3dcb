from tensorflow.keras.optimizers import SGD, RMSprop, Adam, Adagrad, Nadam
from tensorflow.keras.layers import Dense, LSTM, GRU, BatchNormalization, Embedding, Convolution1D, Convolution2D
from tensorflow import keras
a = SGD(0.01, 0.9, decay=1e-6, nesterov=True)
b = RMSprop(1e-4, 0.9, epsilon=1e-8)
c = Adam(1e-3, 0.9, 0.999, 1e-8, decay=1e-5)
d = keras.optimizers.Adagrad(0.01, epsilon=1e-8)
e = Dense(64, kernel_initializer='he_normal', activation='relu', border_mode='same')
f = LSTM(32, kernel_initializer='glorot_uniform', recurrent_initializer='orthogonal')
g = BatchNormalization(epsilon=1e-6, axis=1)
h = Embedding(1000, 64, 'uniform', input_length=10)
i = Convolution2D(32, (3, 3), kernel_initializer='he_normal', activation='relu')
j = Convolution1D(32, 3, kernel_initializer='he_normal')
k = Dense(64, given, 'relu')
l = BatchNormalization(1e-6, 2)
