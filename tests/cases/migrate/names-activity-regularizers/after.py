from tensorflow.keras.regularizers import l2 as activity_l2
