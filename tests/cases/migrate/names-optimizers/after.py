from tensorflow.keras.optimizers import Adam as adam, SGD as descent
from tensorflow.keras import optimizers
model.compile(optimizers.RMSprop(), 'mse')
