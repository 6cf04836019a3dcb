from tensorflow.keras.layers import Conv2D
dim_ordering = 'th'
own(dim_ordering='th')
