from keras.layers import Unheard
import keras
keras.layers.Dance(10)
Unheard(10)
