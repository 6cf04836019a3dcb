from keras.constraints import maxnorm
maxnorm(m=2)
