from tensorflow.keras.utils import to_categorical
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras import backend as K
to_categorical([1], num_classes=2)
Tokenizer(num_words=100)
K.random_normal((2, 2), stddev=0.1)
