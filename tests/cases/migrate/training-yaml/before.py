from keras.models import Sequential, model_from_yaml
text = Sequential().to_yaml()
model = model_from_yaml(text)
