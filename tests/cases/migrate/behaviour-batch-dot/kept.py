from tensorflow.keras import backend as K
b = K.batch_dot(o, u, [2, 3])
c = K.batch_dot(o, u, axes=1)
