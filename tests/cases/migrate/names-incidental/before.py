from keras.layers import Dense, warnings
from keras.callbacks import np
import keras
warnings.warn("x")
keras.utils.os.getcwd()
print(np)
