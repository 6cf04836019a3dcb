from tensorflow.keras.models import Model
from tensorflow.keras import Model as M
Model(inputs=x, outputs=y)
M(inputs=[x], outputs=y, name='m')
