from keras.layers.core import Dense
Dense(784, 128)
