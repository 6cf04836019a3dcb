try:
    from keras.layers.core import Dense
except ImportError:
    from keras.layers import Dense
