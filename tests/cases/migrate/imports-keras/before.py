import keras
import keras as k
import keras.layers
import keras.backend as K
import re, keras, json
from keras import backend, layers as L
from keras.layers import (  # what we build with
    Dense,
    Conv2D as Convolution,  # twice
)
from keras.optimizers import *
if re:
    import json, keras.models as km
def late(): from keras.models import load_model; return load_model('m.h5')
