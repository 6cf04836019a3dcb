from keras.models import Sequential
from keras.callbacks import ModelCheckpoint
model = Sequential()
model.compile('sgd', 'mse', metrics=['accuracy'])
history = model.fit(x, y, callbacks=[ModelCheckpoint('w.{epoch:02d}-{val_acc:.2f}.h5', monitor="val_acc")])
print(history.history['acc'], history.history["val_acc"])
plt.legend(['acc', 'val_acc'])
