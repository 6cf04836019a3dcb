from tensorflow.keras.layers import Conv2D, Conv1D
import keras_like
Conv2D(64, 3, 2)
Conv2D(64, (3, 3), 2)
Conv1D(64, 3, 2)
keras_like.Conv2D(64, 3, 3)
