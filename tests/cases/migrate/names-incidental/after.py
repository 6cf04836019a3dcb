from keras.layers import warnings
from tensorflow.keras.layers import Dense
from keras.callbacks import np
from tensorflow import keras
warnings.warn("x")
keras.utils.os.getcwd()
print(np)
