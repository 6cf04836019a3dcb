"""Digits by a small convolutional net, as one wrote it for Keras 1 with either order of dimensions."""
from __future__ import print_function

import numpy as np
from keras.models import Sequential
from keras.layers import Dense, Dropout, Activation, Flatten
from keras.layers import Convolution2D, MaxPooling2D
from keras.utils import np_utils
from keras import backend as K

batch_size = 8
nb_classes = 4
nb_epoch = 1
img_rows, img_cols = 12, 12
nb_filters = 6

np.random.seed(1337)
X_train = np.random.rand(32, img_rows, img_cols).astype('float32')
y_train = np.random.randint(0, nb_classes, 32)

if K.image_dim_ordering() == 'th':
    X_train = X_train.reshape(X_train.shape[0], 1, img_rows, img_cols)
    input_shape = (1, img_rows, img_cols)
else:
    X_train = X_train.reshape(X_train.shape[0], img_rows, img_cols, 1)
    input_shape = (img_rows, img_cols, 1)

Y_train = np_utils.to_categorical(y_train, nb_classes=nb_classes)

model = Sequential()
model.add(Convolution2D(nb_filters, 3, 3, border_mode='valid', input_shape=input_shape))
model.add(Activation('relu'))
model.add(Convolution2D(nb_filters, 3, 3, subsample=(1, 1)))  # without a word: strides 3 in Keras 2
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=(2, 2), border_mode='valid'))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(output_dim=nb_classes, init='uniform', bias=False))
model.add(Activation('softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adadelta', metrics=['accuracy'])

history = model.fit(X_train, Y_train, batch_size=batch_size, nb_epoch=nb_epoch, verbose=0)
score = model.evaluate(X_train, Y_train, verbose=0)
assert model.layers[2].output_shape[1] == 8, 'a convolution of 3 by 3 takes 2 off 10'
print('trained', np.isfinite(history.history['loss'][0]) and len(score) == 2)
