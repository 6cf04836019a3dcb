from keras.utils.layer_utils import layer_from_config
