from tensorflow.keras.models import Sequential
forest.predict_proba(x)
