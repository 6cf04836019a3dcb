from tensorflow.keras.models import Sequential
model = Sequential()
model.save_weights('my.h5')
model.load_weights(path)
