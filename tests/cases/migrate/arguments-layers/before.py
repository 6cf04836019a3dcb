from keras.layers import Dense, LSTM, Embedding, BatchNormalization, Dropout, MaxPooling1D
from keras.layers.convolutional import Convolution2D
from keras.regularizers import l2
Dense(output_dim=10, init='normal', W_regularizer=l2(0.1), bias=False)
LSTM(output_dim = 10,  # units
     inner_init='orthogonal', dropout_W=0.1, dropout_U=0.1)
Embedding(input_dim=10, output_dim=3, init='uniform', W_constraint=None)
BatchNormalization(gamma_init='one', beta_init='zero')
Dropout(p=0.5)
MaxPooling1D(pool_length=2, stride=1, border_mode='same')
Convolution2D(8, (3, 3), subsample=(2, 2), border_mode='same')
