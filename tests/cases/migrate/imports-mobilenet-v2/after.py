from tensorflow.keras.applications import mobilenet_v2 as mobilenetv2
from tensorflow.keras.applications.mobilenet_v2 import MobileNetV2
