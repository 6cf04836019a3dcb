from tensorflow.keras.constraints import max_norm
max_norm(2)
