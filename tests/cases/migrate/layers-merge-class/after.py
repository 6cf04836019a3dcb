from keras.layers import Merge
model.add(Merge([a, b], mode='concat'))
