from tensorflow.keras import initializers
from tensorflow.keras.initializers import RandomNormal as normal
x = initializers.Zeros()
