from tensorflow.keras import backend as K
g = tape.gradients(loss, [x])
