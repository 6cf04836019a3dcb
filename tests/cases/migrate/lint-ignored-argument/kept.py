from tensorflow.keras.layers import SeparableConv2D, Conv2D
x = SeparableConv2D(8, (3, 3), depthwise_regularizer='l2')
y = Conv2D(8, (3, 3), kernel_regularizer='l2')
