from tensorflow.keras.layers import *
x = Dense(10)
y = np.zeros(3)
