from keras.layers import merge
import tensorflow as tf
from tensorflow.keras.layers import concatenate, add, Lambda, multiply, Dense
from tensorflow import keras
a = concatenate([x, y], axis=1)
b = add([a, y], name='b')
c = keras.layers.dot([a, b], axes=2)
d = keras.layers.dot([a, b], axes=2, normalize=True)
e = keras.layers.Lambda(lambda both: both[0], output_shape=lambda shapes: shapes[0])([a, b])
f = Lambda(lambda both: tf.reduce_logsumexp(both[0]))([a, b])
g = keras.layers.merge([a, Dense(3)(b)], mode=lambda both: both[0])
h = keras.layers.merge([a, b], mode=given)
i = multiply([x, y], name='m')
j = concatenate([x, y], axis=1)
k = merge([x, y], mode=given)
