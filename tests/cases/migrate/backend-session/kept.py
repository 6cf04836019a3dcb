import tensorflow as tf
tf.compat.v1.disable_eager_execution()
tf.compat.v1.keras.backend.set_session(tf.compat.v1.Session())  # keras in graph mode
