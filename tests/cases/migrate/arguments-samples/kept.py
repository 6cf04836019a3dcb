from tensorflow.keras.models import Sequential
samples_per_epoch = 100
model.fit(g, steps_per_epoch=samples_per_epoch // 32)
