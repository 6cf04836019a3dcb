from keras.models import Layer
from keras.layers import Model, K
