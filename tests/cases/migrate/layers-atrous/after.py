from tensorflow.keras.layers import Conv2D as AtrousConvolution2D
AtrousConvolution2D(64, (3, 3), dilation_rate=(2, 2))
