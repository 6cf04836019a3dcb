import tensorflow as tf
converter = tf.lite.TFLiteConverter.from_keras_model_file('m.h5')
