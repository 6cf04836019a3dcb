from tensorflow.keras.models import Model
Model(x, y).compile('sgd', 'mse')
