try:
    from tensorflow.keras.layers import Merge
except ImportError:
    pass
from tensorflow.keras.layers import Highway, Dense
class Own(Dense):
    base = Highway
from similar.layers import Merge
