from tensorflow.keras.layers import Dense, LSTM, Embedding, BatchNormalization, Dropout, MaxPooling1D
from tensorflow.keras.layers import Convolution2D
from tensorflow.keras.regularizers import l2
Dense(units=10, kernel_initializer='normal', kernel_regularizer=l2(0.1), use_bias=False)
LSTM(units = 10,  # units
     recurrent_initializer='orthogonal', dropout=0.1, recurrent_dropout=0.1)
Embedding(input_dim=10, output_dim=3, embeddings_initializer='uniform', embeddings_constraint=None)
BatchNormalization(gamma_initializer='one', beta_initializer='zero')
Dropout(rate=0.5)
MaxPooling1D(pool_size=2, strides=1, padding='same')
Convolution2D(8, (3, 3), strides=(2, 2), padding='same')
