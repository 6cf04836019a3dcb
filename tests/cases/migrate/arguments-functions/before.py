from keras.utils import to_categorical
from keras.preprocessing.text import Tokenizer
from keras import backend as K
to_categorical([1], nb_classes=2)
Tokenizer(nb_words=100)
K.random_normal((2, 2), std=0.1)
