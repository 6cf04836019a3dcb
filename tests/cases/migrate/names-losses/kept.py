from tensorflow.keras import losses
x = losses.cosine_similarity
