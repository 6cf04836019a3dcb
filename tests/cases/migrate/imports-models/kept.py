from tensorflow.keras.models import Model
