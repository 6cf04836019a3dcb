from tensorflow.keras.models import Sequential
model = Sequential()
model.compile('sgd', 'mse', metrics=['accuracy', precision])
print('precision')
