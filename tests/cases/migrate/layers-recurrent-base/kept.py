from tensorflow.keras.layers import RNN
