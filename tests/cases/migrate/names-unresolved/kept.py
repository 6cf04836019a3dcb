from tensorflow.keras.layers import Dense
from mine.keras.layers import Unheard
