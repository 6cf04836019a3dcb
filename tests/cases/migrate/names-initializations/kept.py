from tensorflow.keras import initializers
x = initializers.get('glorot_uniform')
