from tensorflow.keras.models import Sequential
model = Sequential()
model.compile(loss='mse', optimizer='sgd', class_mode='binary')
model.fit(x, y, epochs=2, show_accuracy=True)
score = model.evaluate(x, y, show_accuracy=True)
