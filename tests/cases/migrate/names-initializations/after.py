from tensorflow.keras import initializers as initializations
from tensorflow.keras.initializers import RandomNormal as normal
x = initializations.get('glorot_uniform')
y = initializations.RandomUniform((3, 4), scale=0.1)
