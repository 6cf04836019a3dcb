import tensorflow as tf
model = tf.keras.models.Sequential()
model.save('model.h5')
again = tf.keras.models.load_model('model.h5')
