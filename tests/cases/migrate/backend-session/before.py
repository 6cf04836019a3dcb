import tensorflow as tf
from keras import backend as K
from keras.backend.tensorflow_backend import set_session
K.set_session(tf.compat.v1.Session())
