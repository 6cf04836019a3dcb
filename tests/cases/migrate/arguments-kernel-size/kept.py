from tensorflow.keras.layers import Conv2D
nb_row = nb_col = 3
Conv2D(64, kernel_size=(nb_row, nb_col))
