from tensorflow.keras import layers
class Own:
    def __init__(self, count):
        self.nb_sample = count
    def half(self):
        return self.nb_sample / 2
