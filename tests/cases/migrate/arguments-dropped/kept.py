from tensorflow.keras.layers import LSTM
LSTM(10)
other(consume_less='gpu')
