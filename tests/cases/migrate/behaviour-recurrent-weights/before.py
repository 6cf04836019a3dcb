from keras.layers import LSTM, GRU
from keras.models import Sequential
model = Sequential([LSTM(10), GRU(10, recurrent_activation='sigmoid')])
model.load_weights('old.h5')
