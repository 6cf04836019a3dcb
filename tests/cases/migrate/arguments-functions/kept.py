from tensorflow.keras.utils import to_categorical
from mine import Tokenizer
nb_classes = 2
to_categorical([1], nb_classes)
Tokenizer(nb_words=100)
