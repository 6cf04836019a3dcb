from keras.layers import Deconvolution2D
Deconvolution2D(64, 3, 3, output_shape=(1, 2, 3), border_mode='same')
Deconvolution2D(64, 3, 3, (None, 28, 28, 3), border_mode='same')
