from keras.optimizers import Adam
from keras import optimizers
Adam(lr=0.1, decay=1e-6)
optimizers.SGD(lr = 0.1)
