from tensorflow.keras.layers import LSTM
LSTM(10)
