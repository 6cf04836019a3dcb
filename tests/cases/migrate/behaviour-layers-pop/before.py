from keras.models import load_model
model = load_model('m.h5')
model.layers.pop()
