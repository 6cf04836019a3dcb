from keras.applications.imagenet_utils import _obtain_input_shape
_obtain_input_shape(s, dim_ordering='x', include_top=True)
