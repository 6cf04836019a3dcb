import tensorflow
from scipy.special import logsumexp
from tensorflow.keras import backend as K
x = logsumexp([1.0])
