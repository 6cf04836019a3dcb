from keras.layers import Convolution2D, Convolution3D
Convolution2D(64, nb_row=3, nb_col=4, activation='relu')
Convolution2D(nb_filter=64, nb_row = 3, nb_col = 4)
Convolution2D(64, 3, nb_col=4)
Convolution3D(8, kernel_dim1=1, kernel_dim2=2, kernel_dim3=3)
Convolution2D(nb_row=3, nb_filter=64, nb_col=4)
