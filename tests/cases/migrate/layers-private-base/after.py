from keras.layers.merge import _Merge
print(_Merge)
