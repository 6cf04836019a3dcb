from tensorflow.keras.layers import deserialize as layer_from_config
