from mine import Merge
from tensorflow.keras.layers import Concatenate
model.add(Merge([a, b], mode='concat'))
