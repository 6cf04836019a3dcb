import tensorflow as tf
from tensorflow import keras
x = tf.placeholder('float32')
y = tf.train.AdamOptimizer()
