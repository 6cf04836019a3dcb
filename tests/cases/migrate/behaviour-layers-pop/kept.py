from tensorflow.keras.models import Sequential
model = Sequential()
model.pop()
layers = [1]
layers.pop()
