from keras.utils import conv_utils
from keras.engine.saving import load_weights_from_hdf5_group
print(conv_utils, load_weights_from_hdf5_group)
