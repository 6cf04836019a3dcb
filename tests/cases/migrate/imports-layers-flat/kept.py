from mine.layers.core import Dense
layers = object()
x = layers.core.Dense(10)
