from tensorflow.keras.models import Sequential
model = Sequential()
model.compile('sgd', 'mse', metrics=['acc'])
history = model.fit(x, y)
print(history.history['acc'], table['acc'])
