from tensorflow.keras.layers import *
from os.path import *
x = Dense(10)
y = join('a', 'b')
