from tensorflow.keras.regularizers import l1, l2
l1(l1=0.1) + l2(l2=0.2)
