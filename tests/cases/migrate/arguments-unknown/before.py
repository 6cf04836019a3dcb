from keras.layers import Dense, Embedding
Dense(10, colour='red')
Embedding(10, 3, dropout=0.2)
from keras.callbacks import EarlyStopping
EarlyStopping(patience=3, colour='red')
