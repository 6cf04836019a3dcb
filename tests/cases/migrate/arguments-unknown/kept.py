from tensorflow.keras.layers import Dense, LSTM, Lambda
Dense(10, input_shape=(3,), name='d', weights=None, dtype='float32', trainable=False)
LSTM(3, input_length=3, input_dim=4)
class Own(Dense):
    pass
Own(10, colour='red')
Dense(10, **settings)
from tensorflow.keras.optimizers import SGD
SGD(clipnorm=1.0)
