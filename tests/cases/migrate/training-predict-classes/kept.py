from tensorflow.keras.models import Sequential
classes = np.argmax(Sequential().predict(x), axis=-1)
