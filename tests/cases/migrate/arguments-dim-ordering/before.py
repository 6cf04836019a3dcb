from keras.layers import Conv2D, MaxPooling2D
from keras import backend as K
Conv2D(8, (3, 3), dim_ordering='th')
MaxPooling2D((2, 2), dim_ordering="tf", name='p')
MaxPooling2D((2, 2), dim_ordering='default')
MaxPooling2D((2, 2), dim_ordering=K.image_dim_ordering())
MaxPooling2D((2, 2), dim_ordering=given)
from keras.preprocessing.image import ImageDataGenerator
ImageDataGenerator(dim_ordering='th')
