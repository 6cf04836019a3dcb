from tensorflow.keras.layers import Layer
class Own(Layer):
    def build(self, shape):
        self.w = self.add_weight(name='w', shape=shape)
class Other(object):
    def build(self):
        self.updates = []
