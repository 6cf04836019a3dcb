from keras.layers.core import TimeDistributedDense
print(TimeDistributedDense)
