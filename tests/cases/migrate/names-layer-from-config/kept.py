from tensorflow.keras.layers import deserialize
