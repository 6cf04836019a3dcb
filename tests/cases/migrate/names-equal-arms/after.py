try:
    from tensorflow.keras.layers import Dense
except ImportError:
    from tensorflow.keras.layers import Dense
