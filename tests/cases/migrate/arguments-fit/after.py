from tensorflow.keras.models import Sequential
from tensorflow.keras.wrappers.scikit_learn import KerasClassifier
model = Sequential()
model.fit(x, y, epochs=10, verbose=2)
model.fit_generator(g, epochs=3, max_queue_size=1, workers=2, use_multiprocessing=True)
KerasClassifier(build, epochs=3)
