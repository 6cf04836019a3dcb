from keras.models import Sequential
from keras.wrappers.scikit_learn import KerasClassifier
model = Sequential()
model.fit(x, y, nb_epoch=10, verbose=2)
model.fit_generator(g, nb_epoch=3, max_q_size=1, nb_worker=2, pickle_safe=True)
KerasClassifier(build, nb_epoch=3)
