from tensorflow.keras.models import Sequential
model = Sequential()
model.compile(loss='mse', optimizer='sgd', metrics=['accuracy'])
images.flow_from_directory('images', class_mode='binary')
plot(show_accuracy=True)
