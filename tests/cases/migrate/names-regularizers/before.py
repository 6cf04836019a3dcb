from keras.regularizers import l1l2
