import tensorflow as tf
from tensorflow import keras
x = tf.compat.v1.placeholder('float32')
tf.own = 3
y = tf.own.placeholder
