from keras.callbacks import ModelCheckpoint
ModelCheckpoint('w.h5', period=5)
