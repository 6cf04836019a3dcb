from tensorflow.keras.models import Sequential
model = Sequential()
model.save('my.h5')
model.save('folder', save_format='tf')
model.save(path)
image.save('plot')
figure_of_model.save('plot.png')
