from tensorflow.keras.layers import SeparableConv2D
x = SeparableConv2D(8, (3, 3), kernel_regularizer='l2', kernel_initializer='he_normal')
