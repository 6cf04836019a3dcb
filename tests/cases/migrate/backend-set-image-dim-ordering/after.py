from tensorflow.keras import backend as K
K.set_image_data_format('channels_last')
K.set_image_data_format("channels_first")
K.set_image_data_format(given)
