from keras.layers import CuDNNLSTM
CuDNNLSTM(10, return_sequences=True)
