from tensorflow.python.framework import ops
from tensorflow.python.keras_like import layers
