from tensorflow import keras
from tensorflow.keras.layers import Dense, Activation
from tensorflow.keras.layers import *
from tensorflow.keras import layers as recurrent
from tensorflow.keras import layers as conv
x = keras.layers.Dropout(0.5)
y = recurrent.LSTM(10)
z = conv.UpSampling2D()
