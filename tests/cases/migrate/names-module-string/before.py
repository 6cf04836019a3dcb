import importlib
import sys
from unittest import mock
@mock.patch("keras.models.load_model")
@mock.patch("service.keras.models.load_model")
def test_loads(other, load, monkeypatch, mocker):
    monkeypatch.setattr('keras.layers.core.Dense', None)
    mocker.patch('keras.layers.Merge')
    layers = importlib.import_module("keras.layers")
    backend = __import__('keras.backend')
    with mock.patch.dict('sys.modules', {'keras': None}):
        print(sys.modules['keras.models'])
