from tensorflow.keras.layers import Dense
from tensorflow.keras.layers import (Activation,  # a comment stays
    )
if deep:
    pass
def build(x):
    from keras.layers.core import Highway
    for _ in range(2):
        x = Highway()(x)
    return Dense(3)(Activation('relu')(x))
