from tensorflow.keras.layers import LSTM
LSTM(10, unit_forget_bias=True)
LSTM(10, forget_bias_init='zero')
