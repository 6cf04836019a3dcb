from keras.layers.core import MaxoutDense, Dense
