from keras.layers.core import MaxoutDense, Dense
print(MaxoutDense, Dense)
