from keras.callbacks import Callback
class Own(Callback):
    def on_epoch_end(self, epoch, logs=None):
        return self.validation_data[0], self.params['metrics']
