from keras.models import Sequential
model = Sequential()
model.fit_generator(g, samples_per_epoch=100, nb_val_samples=10)
model.evaluate_generator(g, val_samples=10)
