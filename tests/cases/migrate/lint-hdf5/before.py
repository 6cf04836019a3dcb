import tensorflow as tf
model = tf.keras.models.Sequential()
model.save('model.h5')
again = tf.saved_model.load('model.h5')
