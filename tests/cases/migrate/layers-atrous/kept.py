from tensorflow.keras.layers import Conv2D
Conv2D(64, (3, 3), dilation_rate=(2, 2))
