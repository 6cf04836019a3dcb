from keras.utils import multi_gpu_model
