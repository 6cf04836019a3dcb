from tensorflow.keras.layers import Layer
class Own(Layer):
    def build(self, input_shape):
        self.a = self.add_weight(shape=(3, 4), initializer='zero')
        self.b = self.add_weight(shape=input_shape, initializer='zero', name='b')
        self.c = self.add_weight(something)
