from tensorflow.keras.models import Sequential
nb_epoch = 10
model = Sequential()
model.fit(x, y, epochs=nb_epoch)
run(nb_epoch=3)
spark.train(nb_epoch=3)
