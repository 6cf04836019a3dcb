from keras.layers import Recurrent, LSTM
print(Recurrent, LSTM)
