from keras.applications.imagenet_utils import obtain_input_shape as _obtain_input_shape
_obtain_input_shape(s, data_format='x', require_flatten=True)
