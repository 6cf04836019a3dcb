from tensorflow.keras.utils import Sequence
from tensorflow.keras import utils as np_utils
from tensorflow.keras.utils import get_file
from tensorflow.keras.utils import plot_model as plot
from tensorflow.keras import utils as u
y = np_utils.to_categorical([1])
z = u.to_categorical([1])
