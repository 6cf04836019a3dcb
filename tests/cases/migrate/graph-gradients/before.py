from keras import backend as K
g = K.gradients(loss, [x])
