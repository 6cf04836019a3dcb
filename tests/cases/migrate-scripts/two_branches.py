"""Two branches that are merged, by the functional API of Keras 1."""
import numpy as np
from keras.engine import Input, Model, merge
from keras.layers.core import Dense, Lambda
from keras.layers.normalization import BatchNormalization
from keras.regularizers import l2
import keras.backend as K

left = Input(shape=(6,), name='left')
right = Input(shape=(6,), name='right')
shared = Dense(5, init='he_normal', W_regularizer=l2(0.01), activation='tanh')

a, b = shared(left), shared(right)
joined = merge([a, b], mode='concat', concat_axis=-1)
added = merge([a, b], mode='sum')
both = merge([joined, added], mode='concat')
both = BatchNormalization(mode=0)(both)
scaled = Lambda(lambda x: x * 2., output_shape=lambda s: s)(both)
out = Dense(output_dim=1, activation='sigmoid')(scaled)

model = Model(input=[left, right], output=out)
model.compile(optimizer='rmsprop', loss=lambda t, p: K.mean(K.square(t - p), axis=-1))

x = [np.random.rand(16, 6), np.random.rand(16, 6)]
y = np.random.randint(0, 2, (16, 1)).astype('float32')
history = model.fit(x, y, nb_epoch=1, batch_size=4, verbose=0)
assert K.int_shape(both) == (None, 15)
print('trained', np.isfinite(history.history['loss'][0]))
