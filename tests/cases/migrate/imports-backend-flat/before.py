from keras.backend.common import image_data_format
from keras.backend import tensorflow_backend as KTF
from keras import backend as K
import tensorflow as tf
KTF.clear_session()
x = K.tf.reduce_sum([1])
from keras.backend import tf
from keras.backend import tf as T, floatx  # own
from keras.backend.tensorflow_backend import (tf)
