from tensorflow.keras.layers import TimeDistributed, Dense
TimeDistributed(Dense(10))
