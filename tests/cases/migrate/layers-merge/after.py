from tensorflow.keras.layers import concatenate, add, Dense
from tensorflow import keras
a = concatenate([x, y], axis=1)
b = add([a, y], name='b')
c = keras.layers.dot([a, b], axes=2)
d = keras.layers.dot([a, b], axes=2, normalize=True)
e = keras.layers.merge([a, b], mode=lambda both: both[0])
