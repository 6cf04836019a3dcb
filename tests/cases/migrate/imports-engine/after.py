from tensorflow.keras.utils import get_source_inputs
from tensorflow.keras.layers import Layer, InputSpec
from tensorflow.keras import Model, Input
from tensorflow.keras import Input as I
from tensorflow.keras.models import Model as M
from tensorflow.keras import layers as KE
class Own(KE.Layer):
    spec = KE.InputSpec(ndim=2)
