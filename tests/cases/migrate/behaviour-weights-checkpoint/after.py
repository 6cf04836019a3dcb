from tensorflow.keras.models import Sequential
model = Sequential()
model.save_weights('my.weights')
model.load_weights('my.weights', by_name=True)
model.save_weights(path + '.' + str(epoch))
