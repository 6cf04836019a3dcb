from tensorflow.keras.applications import mobilenet_v2 as mobilenetv2
