from tensorflow.keras.regularizers import l1_l2 as l1l2
