from keras import objectives
from keras.objectives import mean_squared_error
loss = objectives.mse
