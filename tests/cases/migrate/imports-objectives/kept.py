from tensorflow.keras import losses as objectives
loss = objectives.mse
