from keras.layers import Recurrent, LSTM
