from tensorflow.keras.layers import BatchNormalization
BatchNormalization(axis=1)
BatchNormalization(axis=1)
BatchNormalization()
BatchNormalization(axis=1,
                     # the usual
                   name='b')
BatchNormalization(mode=2)
