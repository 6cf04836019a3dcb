from tensorflow.keras.constraints import max_norm as maxnorm
from tensorflow.keras import constraints
x = maxnorm(2), constraints.non_neg()
