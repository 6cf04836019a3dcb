from keras.regularizers import l1, l2
l1(l=0.1) + l2(l=0.2)
