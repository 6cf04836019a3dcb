"""Moods of sentences by an LSTM: texts, padding and recurrent arguments of Keras 1."""
import numpy
from keras.preprocessing import sequence
from keras.preprocessing.text import Tokenizer
from keras.models import Sequential
from keras.layers.embeddings import Embedding
from keras.layers.recurrent import LSTM
from keras.layers import Dense, TimeDistributed
from keras.layers.wrappers import Bidirectional
from keras.layers.pooling import GlobalAveragePooling1D
from keras.optimizers import Adam

texts = ['a good film', 'a bad film', 'not good at all', 'not bad at all'] * 4
labels = numpy.array([1, 0, 0, 1] * 4)

tokenizer = Tokenizer(nb_words=20)
tokenizer.fit_on_texts(texts)
X = sequence.pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=5)

model = Sequential()
model.add(Embedding(20, 8, input_length=5, init='uniform'))
model.add(Bidirectional(LSTM(output_dim=4, inner_activation='hard_sigmoid', return_sequences=True, dropout_W=0.1,
                             dropout_U=0.1, inner_init='orthogonal')))
model.add(TimeDistributed(Dense(3, activation='relu', b_constraint=None)))
model.add(GlobalAveragePooling1D())
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.01), metrics=['accuracy'])
history = model.fit(X, labels, batch_size=4, nb_epoch=1, verbose=0)
print('trained', numpy.isfinite(history.history['loss'][0]))
