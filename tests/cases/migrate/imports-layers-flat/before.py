import keras
from keras.layers.core import Dense, Activation
from keras.layers.advanced_activations import *
from keras.layers import recurrent
import keras.layers.convolutional as conv
x = keras.layers.core.Dropout(0.5)
y = recurrent.LSTM(10)
z = conv.UpSampling2D()
