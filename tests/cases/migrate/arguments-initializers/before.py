from keras.initializers import RandomNormal
RandomNormal(std=0.1)
