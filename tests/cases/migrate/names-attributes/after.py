from tensorflow.keras.preprocessing.image import ImageDataGenerator
from tensorflow.keras.preprocessing.text import Tokenizer
data = ImageDataGenerator()
flow = data.flow_from_directory('x')
print(flow.samples, flow.num_classes)
words = Tokenizer(num_words=10)
print(words.num_words, given.nb_sample)
