from keras.layers.merge import _Merge
