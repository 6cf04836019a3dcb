from tensorflow.keras.models import Sequential
model = Sequential()
model.compile('sgd', 'cosine_proximity', metrics=['accuracy', 'precision'])
