from keras.optimizers import adam, sgd as descent
from keras import optimizers
model.compile(optimizers.rmsprop(), 'mse')
