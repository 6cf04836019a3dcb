from tensorflow.keras.layers import Dense
from mine import Dense as Own
Dense(10, kernel_initializer='normal')
Own(output_dim=10, init='normal')
def init(output_dim=3): return dict(border_mode='same', output_dim=output_dim)
