from tensorflow.keras.layers import Conv2DTranspose as Deconvolution2D
Deconvolution2D(64, (3, 3), output_shape=(1, 2, 3), padding='same')
Deconvolution2D(64, (3, 3), padding='same')
