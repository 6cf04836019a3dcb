from tensorflow.keras.layers import Dense
from keras.layers.core import MaxoutDense
print(MaxoutDense, Dense)
