from keras.models import Sequential
model = Sequential()
model.predict_proba(x)
