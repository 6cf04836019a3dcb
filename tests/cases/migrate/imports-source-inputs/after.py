from tensorflow.keras.utils import get_source_inputs
