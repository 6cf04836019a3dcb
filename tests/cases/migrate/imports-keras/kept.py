import keras_contrib
import keras_layers.core
from keras_applications import vgg16
from bert4keras.backend import keras
from . import keras as own
from .keras import layers
from tensorflow import keras as tk
from tensorflow.keras.layers import Dense
text = "import keras"  # import keras
