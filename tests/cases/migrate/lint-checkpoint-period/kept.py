from tensorflow.keras.callbacks import ModelCheckpoint
ModelCheckpoint('w.h5', save_freq='epoch')
Timer(period=5)
