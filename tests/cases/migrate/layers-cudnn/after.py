from tensorflow.keras.layers import LSTM as CuDNNLSTM
CuDNNLSTM(10, return_sequences=True)
