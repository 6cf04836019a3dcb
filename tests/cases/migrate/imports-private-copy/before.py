from tensorflow.python.keras import backend as K
from tensorflow.python.keras.layers.core import Dense
from tensorflow.contrib.keras import models
import tensorflow as tf
tf.contrib.keras.layers.Dense(10)
