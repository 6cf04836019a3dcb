from tensorflow.keras.layers import Conv2DTranspose
Conv2DTranspose(64, (3, 3))
