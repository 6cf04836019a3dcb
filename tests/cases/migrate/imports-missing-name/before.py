from keras.layers import Dense, Merge
from keras.layers.core import (Activation,  # a comment stays
    TimeDistributedDense, Highway)
from keras.utils.test_utils import keras_test
if deep:
    from keras.layers import Siamese
def build(x):
    for _ in range(2):
        x = Highway()(x)
    return Dense(3)(Activation('relu')(x))
