from mine.keras import warnings
from tensorflow.keras import callbacks
import os
