from tensorflow.keras import losses as objectives
from tensorflow.keras.losses import mean_squared_error
loss = objectives.mse
