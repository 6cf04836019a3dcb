from tensorflow.keras import backend as K
if K.image_data_format() == 'channels_first': pass
if name == 'th': pass
