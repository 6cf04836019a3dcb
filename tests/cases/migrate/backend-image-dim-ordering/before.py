from keras import backend as K
axis = 1 if K.image_dim_ordering() == 'th' else -1
if "tf" != K.image_dim_ordering(): pass
assert K.image_dim_ordering() in {'tf', 'th'}
ordering = K.image_dim_ordering()
if ordering == 'th': pass
def own(dim_ordering='default'):
    if dim_ordering == 'default':
        dim_ordering = K.image_dim_ordering()
    return dim_ordering == 'th'
print(K.image_dim_ordering())
if K.image_dim_ordering() == axis: pass
if K.common.image_dim_ordering() == 'th':
    K.common.set_image_dim_ordering('tf')
