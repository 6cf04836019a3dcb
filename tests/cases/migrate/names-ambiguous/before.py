import keras
if not keras:
    keras = object()
keras.layers.core.Dense(10)
