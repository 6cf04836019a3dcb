from keras import initializers
from keras.initializers import normal
x = initializers.zero()
