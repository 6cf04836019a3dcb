from tensorflow.keras.backend import image_data_format
from tensorflow.keras import backend as KTF
from tensorflow.keras import backend as K
import tensorflow as tf
KTF.clear_session()
x = tf.reduce_sum([1])
import tensorflow as tf
import tensorflow as T
from tensorflow.keras.backend import floatx  # own
import tensorflow as tf
