try:
    from tensorflow import keras
except ImportError:
    keras = None
keras.layers.Dense(10)
