from tensorflow.keras.regularizers import l2 as activity_l2, L1L2 as WeightRegularizer
