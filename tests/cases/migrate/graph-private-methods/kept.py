from tensorflow.keras.models import Model
Model(x, y).make_train_function()
class Own:
    def total(self): return self.total_loss
