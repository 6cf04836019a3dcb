from tensorflow.compat.v1.keras.layers import CuDNNLSTM
CuDNNLSTM(10)
