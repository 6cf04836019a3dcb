"""A layer of one's own, generators and callbacks, as Keras 2.0 to 2.2 had them."""
import numpy as np

import keras
import keras.layers
from keras import initializers, objectives
from keras.callbacks import Callback, ReduceLROnPlateau
from keras.engine.topology import Layer
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.merge import add, concatenate
from keras.utils.generic_utils import get_custom_objects
from keras.utils.data_utils import Sequence


class Scale(Layer):
    """Multiplies by weights of its own."""

    def __init__(self, factor=1., **kwargs):
        self.factor = factor
        super(Scale, self).__init__(**kwargs)

    def build(self, input_shape):
        self.gamma = self.add_weight(name='gamma', shape=(input_shape[-1],),
                                     initializer=initializers.Constant(self.factor), trainable=True)
        super(Scale, self).build(input_shape)

    def call(self, x):
        return x * self.gamma

    def get_config(self):
        return dict(super(Scale, self).get_config(), factor=self.factor)


class Batches(Sequence):
    """Noise with labels."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.random.rand(4, 8), np.random.randint(0, 2, (4, 1)).astype('float32')


class Seen(Callback):
    """Counts batches."""

    def on_train_begin(self, logs=None):
        self.batches = 0

    def on_batch_end(self, batch, logs=None):
        self.batches += 1


def loss(y_true, y_pred):
    return objectives.binary_crossentropy(y_true, y_pred)


get_custom_objects()['Scale'] = Scale
inputs = keras.layers.Input(shape=(8,))
x = Scale(0.5)(keras.layers.Dense(8)(inputs))
x = add([x, LeakyReLU(alpha=0.1)(x)])
x = concatenate([x, inputs])
model = keras.models.Model(inputs, keras.layers.Dense(1, activation='sigmoid')(x))
model.compile(keras.optimizers.SGD(lr=0.1, decay=1e-4, nesterov=True, momentum=0.9), loss)
seen = Seen()
history = model.fit_generator(Batches(), epochs=1, verbose=0,
                              callbacks=[seen, ReduceLROnPlateau(monitor='loss', patience=1)])
again = model.__class__.from_config(model.get_config())
assert seen.batches == 4 and len(again.weights) == len(model.weights)
print('trained', np.isfinite(history.history['loss'][0]))
