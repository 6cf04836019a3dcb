from tensorflow.keras import optimizers
adam = optimizers.Adam()
