from tensorflow.keras import initializers
from numpy.random import normal
x = initializers.Zeros()
