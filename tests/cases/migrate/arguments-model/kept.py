from tensorflow.keras.models import Model
from mine import Model as Own
Model(inputs=x, outputs=y)
Own(input=x, output=y)
open(input=x, output=y)
