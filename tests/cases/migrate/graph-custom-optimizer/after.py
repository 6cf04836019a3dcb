from tensorflow.keras.optimizers import Optimizer
class Own(Optimizer):
    def get_updates(self, loss, params):
        return []
