from tensorflow.keras import backend as K
loss = K.binary_crossentropy(y_true, y_pred)
