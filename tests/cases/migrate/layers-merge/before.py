from keras.layers import merge, Dense
import keras
a = merge([x, y], mode='concat', concat_axis=1)
b = merge([a, y], 'sum', name='b')
c = keras.layers.merge([a, b], mode='dot', dot_axes=2)
d = keras.layers.merge([a, b], mode='cos', dot_axes=2)
e = keras.layers.merge([a, b], mode=lambda both: both[0], output_shape=lambda shapes: shapes[0])
f = merge([a, b], mode=lambda both: keras.backend.logsumexp(both[0]))
g = keras.layers.merge([a, Dense(3)(b)], mode=lambda both: both[0])
h = keras.layers.merge([a, b], mode=given)
i = merge([x, y], mode='mul', output_shape=32, name='m')
j = merge([x, y], 'concat', 1)
k = merge([x, y], mode=given)
