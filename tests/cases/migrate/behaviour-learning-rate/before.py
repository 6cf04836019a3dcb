from keras.optimizers import Adadelta
model.compile(Adadelta(), 'mse')
model.compile(optimizer='adagrad', loss='mse')
