from tensorflow.keras.layers import LSTM
from tensorflow.keras.models import Sequential
model = Sequential([LSTM(10)])
model.save_weights('new.h5')
