from keras.losses import cosine_proximity
from keras import losses
x = losses.cosine_proximity
