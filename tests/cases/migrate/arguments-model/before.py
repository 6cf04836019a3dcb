from keras.models import Model
from keras.engine.training import Model as M
Model(input=x, output=y)
M(input=[x], output=y, name='m')
