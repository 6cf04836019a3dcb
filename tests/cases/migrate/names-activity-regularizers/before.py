from keras.regularizers import activity_l2, WeightRegularizer
