from keras.utils import np_utils, Sequence
from keras.utils.data_utils import get_file
from keras.utils.visualize_util import plot
import keras.utils.np_utils as u
y = np_utils.to_categorical([1])
z = u.to_categorical([1])
