from tensorflow.keras.optimizers import Adadelta, Adam
model.compile(Adadelta(1.0), 'mse')
model.compile(Adadelta(learning_rate=1.0), 'mse')
model.compile(optimizer='adam', loss='mse')
name = 'adadelta'
