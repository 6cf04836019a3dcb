from tensorflow.keras.layers import BatchNormalization
BatchNormalization(axis=1)
other(mode=0)
