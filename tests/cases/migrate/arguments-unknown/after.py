from tensorflow.keras.layers import Dense, Embedding
Dense(10, colour='red')
Embedding(10, 3, dropout=0.2)
