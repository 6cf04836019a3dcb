from tensorflow.keras.optimizers import Optimizer
class Own(Optimizer):
    pass
class Other:
    def get_updates(self):
        return []
