from keras.layers import Conv2D, Convolution2D, Convolution3D, SeparableConv2D
import keras.layers as L
def block(x, nb_row, nb_col, size, kind):
    x = Convolution2D(64, 3, 3, activation='relu')(x)
    x = Conv2D(64, 1, 1)(x)
    x = L.Convolution2D(64,
                        3,  # rows
                        3)(x)
    x = Convolution3D(8, 3, 3, 3)(x)
    x = SeparableConv2D(8, 3, 3)(x)
    x = Convolution2D(64, nb_row, nb_col)(x)
    x = Convolution2D(64, size, size)(x)
    x = Convolution2D(64, kind, size)(x)
    return Convolution2D(64, 3, 3, given)(x)
