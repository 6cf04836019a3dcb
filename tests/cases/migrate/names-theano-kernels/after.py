from tensorflow.keras import utils as layer_utils
from keras.utils.layer_utils import convert_all_kernels_in_model
layer_utils.convert_all_kernels_in_model(model)
