from tensorflow.keras.constraints import max_norm as maxnorm
maxnorm(max_value=2)
