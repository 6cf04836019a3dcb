import tensorflow as tf
tf.keras.optimizers.experimental.Adam(learning_rate=0.1, decay=1e-6)
