from tensorflow.keras.layers import Conv2D, MaxPooling2D
from tensorflow.keras import backend as K
Conv2D(8, (3, 3), data_format='channels_first')
MaxPooling2D((2, 2), data_format="channels_last", name='p')
MaxPooling2D((2, 2))
MaxPooling2D((2, 2), data_format=K.image_data_format())
MaxPooling2D((2, 2), data_format=given)
from tensorflow.keras.preprocessing.image import ImageDataGenerator
ImageDataGenerator(data_format='channels_first')
