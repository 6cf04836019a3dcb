from tensorflow.keras.models import Sequential
model = Sequential()
model.save('my.model')
model.save('model')
