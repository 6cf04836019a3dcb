"""Code for Keras 1 whose meaning changed without an error, and what only looks like it."""

from __future__ import annotations

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from tests.unit.test_migrate_code import note_lines

API = tf_api.load("2.9.0")
FIT = "from keras.models import Sequential\nmodel = Sequential()\n"

NOTED = {
    "samples by position": (
        f"{FIT}model.fit(x, nb_epoch=1)\nmodel.fit_generator(g, 2000, 10)\nmodel.predict_generator(g, 500)\n",
        ["4 arguments/samples", "5 arguments/samples"],
    ),
    "batches by position": (f"{FIT}model.fit_generator(g, 20, 10)\n", []),
    "a tensor of Theano": ("import keras\nimport theano.tensor as T\n", ["2 names/other-backends"]),
    "a branch for Theano": ("import keras\nif theano_backend:\n    import theano\n", []),
    "a module like Theano": ("import keras\nimport theano_like\n", []),
    "channels first": (
        (
            "from keras.layers import Conv2D, UpSampling2D\nConv2D(8, 3, data_format='channels_first')\n"
            "UpSampling2D(2, data_format='channels_first')\n"
        ),
        ["2 backend/channels-first"],
    ),
    "an optimizer's unknown argument": ("import keras\nkeras.optimizers.Adam(beta1=0.5)\n", ["2 arguments/unknown"]),
    "an optimizer's own arguments": ("import keras\nkeras.optimizers.Adam(clipnorm=1.0, decay=0.1)\n", []),
    "a symbol of TensorFlow 1": (
        "from keras import backend as K\nK.tf.image.resize_bilinear(y, (2, 2))\n",
        ["2 tensorflow-1/symbol"],
    ),
    "an initializer with a name": (
        (
            "from keras import initializers\nclass Own:\n    def __init__(self):\n"
            "        self.init = initializers.get('zero')\n        self.w = self.init((3,), name='w')\n"
        ),
        ["5 names/initializations"],
    ),
    "a progress bar": (
        "from keras.utils import Progbar\nbar = Progbar(3)\nbar.update(1, force=True)\nother.update(1, force=True)\n",
        ["3 arguments/gone"],
    ),
    "parameters of a callback": (
        (
            "from keras.callbacks import Callback\nclass Own(Callback):\n    def on_batch_end(self, batch, logs):\n"
            "        print(logs['size'], self.params['nb_epoch'], self.params['epochs'], logs['loss'])\n"
        ),
        ["4 training/callback-attributes", "4 training/callback-attributes"],
    ),
    "predict_proba beside scikit-learn": (
        "import sklearn\nfrom keras.models import Sequential\nlm = Sequential([])\nlm.predict_proba(x)\n",
        ["4 training/predict-proba"],
    ),
    "a model of another package": (
        "import coremltools\nimport keras\nmlmodel = coremltools.convert(keras.Model())\nmlmodel.save('a')\n",
        [],
    ),
}


def test_changed_meaning_has_a_note() -> None:
    for case, (code, lines) in NOTED.items():
        assert note_lines(migrate(code.encode(), API)) == lines, case


POOLING = "from keras.layers import MaxPooling2D\n"


def test_constant_order_of_dimensions_is_rewritten_with_its_uses() -> None:
    code = f"{POOLING}ORDER = 'th'\nif ORDER == 'th':\n    axis = 1\nx = MaxPooling2D((2, 2), dim_ordering=ORDER)\n"
    outcome = migrate(code.encode(), API)
    assert outcome.content.decode().partition("\n")[2] == (
        "ORDER = 'channels_first'\nif ORDER == 'channels_first':\n    axis = 1\n"
        "x = MaxPooling2D((2, 2), data_format=ORDER)\n"
    )
    assert not outcome.notes


def test_order_of_dimensions_with_another_use_has_a_note() -> None:
    for other_use in ("print(ORDER)\n", "ORDER = 'tf'\n", "axis = {'th': 1}[ORDER]\n"):
        code = f"{POOLING}ORDER = 'th'\n{other_use}x = MaxPooling2D((2, 2), dim_ordering=ORDER)\n"
        assert note_lines(migrate(code.encode(), API)) == ["4 arguments/dim-ordering"], other_use
        assert b"ORDER = 'th'" in migrate(code.encode(), API).content


def test_file_name_of_a_checkpoint_in_a_variable_is_rewritten() -> None:
    code = (
        f"from keras.callbacks import ModelCheckpoint\n{FIT}model.compile('sgd', 'mse', metrics=['accuracy'])\n"
        "path = 'weights-{val_acc:.2f}.h5'\nModelCheckpoint(path, monitor='val_acc')\n"
    )
    migrated = migrate(code.encode(), API).content.decode()
    assert "'weights-{val_accuracy:.2f}.h5'" in migrated
    assert "monitor='val_accuracy'" in migrated
