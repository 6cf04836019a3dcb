from tensorflow.keras.layers import Layer
from tensorflow.keras import Model, backend as K
