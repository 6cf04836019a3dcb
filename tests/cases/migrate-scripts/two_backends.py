"""A residual block that served Theano and TensorFlow, with the arguments of Keras 1 behind aliases."""
import re, keras, json
import numpy as np
from keras import backend as KTF
from keras import layers as KL
import keras.models as km
import keras.regularizers
from keras.layers import *
from keras.utils.np_utils import to_categorical

CHANNELS = 1 if KTF.image_dim_ordering() == 'th' else 3


def block(x, nb_filter, name):
    """keras.layers.Convolution2D(nb_filter, 3, 3) in a string is a string."""
    y = KL.Convolution2D(nb_filter, 3, 3, border_mode='same', init='he_normal', subsample=(1, 1), name=name + '_a',
                         W_regularizer=keras.regularizers.l2(1e-4))(x)
    y = KL.normalization.BatchNormalization(axis=CHANNELS, mode=0)(y)
    y = KL.Activation('relu')(y)
    y = KL.AveragePooling2D((2, 2), strides=(1, 1), border_mode='same')(y)
    return KL.merge([x, y], mode='sum')


shape = (3, 8, 8) if CHANNELS == 1 else (8, 8, 3)
image = Input(shape=shape)
x = KL.Convolution2D(4, 1, 1)(image)
x = block(x, 4, 'first')
x = Flatten()(x)
model = km.Model(input=image, output=KL.Dense(2, activation='softmax')(x))
model.compile('adam', 'categorical_crossentropy')
labels = to_categorical(np.random.randint(0, 2, 8), 2)
history = model.fit(np.random.rand(8, *shape), labels, nb_epoch=1, verbose=0)
assert model.layers[1].output_shape[1:] == (8, 8, 4), json.dumps(re.findall('[0-9]+', str(model.layers[1].output_shape)))
print('trained', np.isfinite(history.history['loss'][0]))
