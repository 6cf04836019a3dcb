from keras.layers import AtrousConvolution2D
AtrousConvolution2D(64, 3, 3, atrous_rate=(2, 2))
