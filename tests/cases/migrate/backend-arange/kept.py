from tensorflow.keras import backend as K
import numpy as np
table = K.arange(10)
def call(x, n): return K.arange(0, n), K.arange(10), np.arange(n)
