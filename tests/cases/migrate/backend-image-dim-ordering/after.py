from tensorflow.keras import backend as K
axis = 1 if K.image_data_format() == 'channels_first' else -1
if "channels_last" != K.image_data_format(): pass
assert K.image_data_format() in {'channels_last', 'channels_first'}
ordering = K.image_data_format()
if ordering == 'channels_first': pass
def own(dim_ordering='default'):
    if dim_ordering == 'default':
        dim_ordering = K.image_data_format()
    return dim_ordering == 'channels_first'
print(K.image_data_format())
if K.image_data_format() == axis: pass
if K.image_data_format() == 'channels_first':
    K.set_image_data_format('channels_last')
