from keras import initializations
from keras.initializations import normal
x = initializations.get('glorot_uniform')
y = initializations.uniform((3, 4), scale=0.1)
