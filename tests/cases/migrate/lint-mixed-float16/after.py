from tensorflow.keras import mixed_precision, layers
mixed_precision.set_global_policy('mixed_float16')
x = layers.Dense(10, activation='softmax')
y = layers.Activation('softmax')
