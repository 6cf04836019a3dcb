import tensorflow as tf
import keras
x = tf.placeholder('float32')
y = tf.train.AdamOptimizer()
