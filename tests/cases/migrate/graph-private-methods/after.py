from tensorflow.keras.models import Model
Model(x, y)._make_train_function()
loss = model.total_loss
