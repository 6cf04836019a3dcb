from tensorflow.keras.layers import Dense
Dense(784, 128)
