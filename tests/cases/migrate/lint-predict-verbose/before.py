from keras.models import load_model
model = load_model('m.h5')
for x in data:
    model.predict(x)
