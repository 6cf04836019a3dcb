from keras.layers import Unheard
from tensorflow import keras
keras.layers.Dance(10)
Unheard(10)
