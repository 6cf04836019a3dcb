from keras.layers import LSTM
LSTM(10, consume_less='gpu')
