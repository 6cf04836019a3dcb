"""What a name means where it stands: what is something else stays, and what is put there is bound by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.migrate import tf_api
from envkit.migrate.python import migrate

if TYPE_CHECKING:
    from envkit.migrate.outcome import Outcome

RELEASE = tf_api.load("2.9.0")


def outcome(text: str) -> Outcome:
    return migrate(text.encode(), RELEASE)


@pytest.mark.parametrize(
    "own",
    [
        "def f(keras):\n    return keras.layers.core.Dense\n",
        "def f():\n    keras = Own()\n    return keras.layers.core.Dense\n",
        "def f():\n    import own as keras\n    return keras.layers.core.Dense\n",
        "class A:\n    keras = Own()\n    dense = keras.layers.core.Dense\n",
        "x = [keras.layers.core.Dense for keras in all]\n",
        "f = lambda keras: keras.layers.core.Dense\n",
    ],
)
@pytest.mark.parametrize("statement", ["import keras", "import keras.layers", "import keras.layers.core"])
def test_a_nearer_name_is_something_else(statement: str, own: str) -> None:
    assert outcome(f"{statement}\n{own}").content.decode() == f"from tensorflow import keras\n{own}"


def test_a_chain_of_a_name_that_is_bound_twice_is_ambiguous() -> None:
    found = outcome("import keras.layers\nif x:\n    keras = own\nkeras.layers.core.Dense(10)\n")
    assert found.content.endswith(b"keras.layers.core.Dense(10)\n")
    assert [one.rule for one in found.notes] == ["names/ambiguous"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from keras import backend as K\ndef f(x): return x._keras_shape\n",
            "from tensorflow.keras import backend as K\ndef f(x): return K.int_shape(x)\n",
        ),
        (
            "def f(x): return x._keras_shape\nfrom keras import backend as K\n",
            "def f(x): return K.int_shape(x)\nfrom tensorflow.keras import backend as K\n",
        ),
        (
            "import keras\ny = x._keras_shape\nfrom keras import backend as KB\n",
            "from tensorflow import keras\ny = keras.backend.int_shape(x)\nfrom tensorflow.keras import backend as KB\n",
        ),
        (
            "if typing:\n    import tensorflow as tf\nfrom keras import backend as K\ny = K.logsumexp(x)\n",
            "if typing:\n    import tensorflow as tf\nfrom tensorflow.keras import backend as K\ny = K.logsumexp(x)\n",
        ),
        (
            "if a:\n    import tensorflow as tf\n    from keras import backend as K\n    y = K.logsumexp(x)\n",
            (
                "if a:\n    import tensorflow as tf\n    from tensorflow.keras import backend as K\n"
                "    y = tf.reduce_logsumexp(x)\n"
            ),
        ),
        (
            (
                "try:\n    import keras.backend as K\nexcept ImportError:\n    from tensorflow.keras import backend as K\n"
                "y = x._keras_shape\n"
            ),
            (
                "try:\n    from tensorflow.keras import backend as K\nexcept ImportError:\n"
                "    from tensorflow.keras import backend as K\ny = K.int_shape(x)\n"
            ),
        ),
        (
            "if a:\n    import keras.backend as K\nelse:\n    y = x._keras_shape\n",
            (
                "import tensorflow as tf\nif a:\n    from tensorflow.keras import backend as K\nelse:\n"
                "    y = tf.keras.backend.int_shape(x)\n"
            ),
        ),
    ],
)
def test_a_name_is_taken_where_it_is_bound_by_then(before: str, after: str) -> None:
    assert outcome(before).content.decode() == after


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("y = x._keras_shape\nfrom keras import backend as K\n", "backend/keras-shape"),
        ("import keras.backend as K\ndef f(tf, K):\n    return g(tf, K)\nK = own or K\nK._BACKEND\n", "backend/name"),
    ],
)
def test_where_none_is_bound_by_then_it_is_told(source: str, rule: str) -> None:
    found = outcome(source)
    assert rule in [one.rule for one in found.notes]
    assert rule not in [one.rule for one in found.rewrites]


def test_a_comment_within_a_chain_is_not_lost() -> None:
    found = outcome("import keras\nx = (keras\n     .layers  # all of them\n     .core.Dense(10))\n")
    assert b"# all of them" in found.content
    assert [one.rule for one in found.notes] == ["imports/layers-flat"]
