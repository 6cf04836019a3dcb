from keras.layers import LSTM
LSTM(10, forget_bias_init='one')
LSTM(10, forget_bias_init='zero')
