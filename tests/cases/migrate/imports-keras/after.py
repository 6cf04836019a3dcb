from tensorflow import keras
from tensorflow import keras as k
from tensorflow.keras import backend as K
import re
from tensorflow import keras
import json
from tensorflow.keras import backend, layers as L
from tensorflow.keras.layers import (  # what we build with
    Dense,
    Conv2D as Convolution,  # twice
)
from tensorflow.keras.optimizers import *
if re:
    import json
    from tensorflow.keras import models as km
def late(): from tensorflow.keras.models import load_model; return load_model('m.h5')
