from tensorflow.keras import backend as K
K.set_image_data_format('channels_last')
