import importlib
from unittest import mock
@mock.patch("keras_like.models.load_model")
def test_loads(load):
    print('keras.models.load_model', {'keras': 1}['keras'])
    importlib.import_module('mine.keras')
