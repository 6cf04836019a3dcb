from tensorflow.keras.layers import Layer
class Own(Layer):
    def build(self, shape):
        self.w = self.add_weight(name='w', shape=shape)
        self.trainable_weights = [self.w]
        self.updates = []
