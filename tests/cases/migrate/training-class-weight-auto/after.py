from tensorflow.keras.models import Sequential
Sequential().fit(x, y, class_weight='auto')
