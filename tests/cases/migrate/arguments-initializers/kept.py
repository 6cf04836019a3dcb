from tensorflow.keras.initializers import RandomNormal
RandomNormal(stddev=0.1)
