from tensorflow.keras import backend as K
from tensorflow.keras.layers import Dense
from tensorflow.keras import models
import tensorflow as tf
tf.keras.layers.Dense(10)
