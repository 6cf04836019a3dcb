from mine.engine import Layer
class Own(Layer):
    pass  # keras.engine.Layer
