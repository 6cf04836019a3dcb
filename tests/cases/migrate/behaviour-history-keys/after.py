from tensorflow.keras.models import Sequential
from tensorflow.keras.callbacks import ModelCheckpoint
model = Sequential()
model.compile('sgd', 'mse', metrics=['accuracy'])
history = model.fit(x, y, callbacks=[ModelCheckpoint('w.{epoch:02d}-{val_accuracy:.2f}.h5', monitor="val_accuracy")])
print(history.history['accuracy'], history.history["val_accuracy"])
plt.legend(['acc', 'val_acc'])
