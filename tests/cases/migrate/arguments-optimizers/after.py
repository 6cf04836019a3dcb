from tensorflow.keras.optimizers import Adam
from tensorflow.keras import optimizers
Adam(learning_rate=0.1, decay=1e-6)
optimizers.SGD(learning_rate = 0.1)
