from keras.applications import mobilenetv2
from keras.applications.mobilenetv2 import MobileNetV2
