from keras.preprocessing.image import ImageDataGenerator
from keras.preprocessing.text import Tokenizer
data = ImageDataGenerator()
flow = data.flow_from_directory('x')
print(flow.nb_sample, flow.nb_class)
words = Tokenizer(nb_words=10)
print(words.nb_words, given.nb_sample)
