from tensorflow.keras.models import Sequential
classes = Sequential().predict_classes(x)
