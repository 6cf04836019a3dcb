from tensorflow.keras.constraints import max_norm as maxnorm
x = maxnorm(2)
