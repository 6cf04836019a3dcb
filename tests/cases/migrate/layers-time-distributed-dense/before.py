from keras.layers.core import TimeDistributedDense
