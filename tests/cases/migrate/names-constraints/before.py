from keras.constraints import maxnorm
from keras import constraints
x = maxnorm(2), constraints.nonneg()
