try:
    from tensorflow.keras.layers import Dense
except ImportError:
    from mine import Dense
