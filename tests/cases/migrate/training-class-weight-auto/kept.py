from tensorflow.keras.models import Sequential
Sequential().fit(x, y, class_weight={0: 1.0})
svm.SVC(class_weight='auto')
