from tensorflow.keras.regularizers import l2
l2(0.2)
