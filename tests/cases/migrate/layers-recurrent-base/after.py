from tensorflow.keras.layers import LSTM
from keras.layers import Recurrent
print(Recurrent, LSTM)
