from tensorflow.keras.layers import Layer
