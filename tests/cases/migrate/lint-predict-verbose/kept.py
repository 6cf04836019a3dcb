from tensorflow.keras.models import load_model
model = load_model('m.h5')
model.predict(data)
for x in data:
    model.predict(x, verbose=0)
    forest.predict(x)
