from tensorflow.keras.layers import Layer
class Own(Layer):
    def build(self, input_shape):
        self.a = self.add_weight('a', (3, 4), initializer='zeros')
        self.b = self.add_weight(name='b', shape=(3, 4))
