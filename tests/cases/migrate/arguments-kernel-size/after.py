from tensorflow.keras.layers import Convolution2D, Convolution3D
Convolution2D(64, kernel_size=(3, 4), activation='relu')
Convolution2D(filters=64, kernel_size=(3, 4))
Convolution2D(64, (3, 4))
Convolution3D(8, kernel_size=(1, 2, 3))
Convolution2D(nb_row=3, filters=64, nb_col=4)
