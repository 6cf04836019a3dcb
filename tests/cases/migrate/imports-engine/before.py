from keras.engine.topology import Layer, InputSpec, get_source_inputs
from keras.engine import Model, Input
from keras.models import Model as M, Input as I
import keras.engine as KE
class Own(KE.Layer):
    spec = KE.InputSpec(ndim=2)
