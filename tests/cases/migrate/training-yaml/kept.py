from tensorflow.keras.models import Sequential, model_from_json
text = Sequential().to_json()
