from pandas import merge
from tensorflow.keras.layers import concatenate
import keras_like
a = merge([x, y], mode='concat')
keras_like.layers.merge([x, y], mode='concat')
