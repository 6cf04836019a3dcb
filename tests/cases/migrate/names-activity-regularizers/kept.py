from tensorflow.keras.regularizers import l2
