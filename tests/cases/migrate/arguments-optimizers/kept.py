from tensorflow.keras.optimizers import Adam
from mine import Adam as Own
Adam(learning_rate=0.1)
Own(lr=0.1)
