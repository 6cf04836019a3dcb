from tensorflow.keras.callbacks import Callback
class Own(Callback):
    def __init__(self, data):
        self.validation_data = data
    def on_epoch_end(self, epoch, logs=None):
        return self.validation_data[0], self.params['epochs']
