from keras.utils.layer_utils import get_source_inputs
