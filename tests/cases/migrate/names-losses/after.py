from tensorflow.keras.losses import cosine_similarity as cosine_proximity
from tensorflow.keras import losses
x = losses.cosine_similarity
