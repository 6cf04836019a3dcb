from keras.layers import BatchNormalization
BatchNormalization(mode=0, axis=1)
BatchNormalization(axis=1, mode=0)
BatchNormalization(mode=0)
BatchNormalization(axis=1,
                   mode=0,  # the usual
                   name='b')
BatchNormalization(mode=2)
