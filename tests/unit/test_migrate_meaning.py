"""The meaning of a name in its scope: other objects keep their code, and inserted references are bound in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate import tf_api
from envkit.migrate.python import migrate

if TYPE_CHECKING:
    from envkit.migrate.outcome import Outcome

API = tf_api.load("2.9.0")


def migrate_text(text: str) -> Outcome:
    return migrate(text.encode(), API)


def test_a_local_name_hides_the_import() -> None:
    hiding_code = (
        "def f(keras):\n    return keras.layers.core.Dense\n",
        "def f():\n    keras = Own()\n    return keras.layers.core.Dense\n",
        "def f():\n    import own as keras\n    return keras.layers.core.Dense\n",
        "class A:\n    keras = Own()\n    dense = keras.layers.core.Dense\n",
        "x = [keras.layers.core.Dense for keras in all]\n",
        "f = lambda keras: keras.layers.core.Dense\n",
    )
    for statement in ("import keras", "import keras.layers", "import keras.layers.core"):
        for code in hiding_code:
            outcome = migrate_text(f"{statement}\n{code}")
            assert outcome.content.decode() == f"from tensorflow import keras\n{code}", (statement, code)


def test_a_name_with_two_meanings_is_ambiguous() -> None:
    outcome = migrate_text("import keras.layers\nif x:\n    keras = own\nkeras.layers.core.Dense(10)\n")
    assert outcome.content.endswith(b"keras.layers.core.Dense(10)\n")
    assert [note.rule for note in outcome.notes] == ["names/ambiguous"]


def test_references_use_a_name_that_is_bound_before() -> None:
    cases = (
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
            (
                "from tensorflow import keras\ny = keras.backend.int_shape(x)\n"
                "from tensorflow.keras import backend as KB\n"
            ),
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
                "try:\n    import keras.backend as K\nexcept ImportError:\n"
                "    from tensorflow.keras import backend as K\ny = x._keras_shape\n"
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
    )
    for before, after in cases:
        assert migrate_text(before).content.decode() == after, before


def test_a_reference_without_a_bound_name_has_a_note() -> None:
    cases = {
        "y = x._keras_shape\nfrom keras import backend as K\n": "backend/keras-shape",
        "import keras.backend as K\ndef f(tf, K):\n    return g(tf, K)\nK = own or K\nK._BACKEND\n": "backend/name",
    }
    for source, rule in cases.items():
        outcome = migrate_text(source)
        assert rule in [note.rule for note in outcome.notes], source
        assert rule not in [rewrite.rule for rewrite in outcome.rewrites], source


def test_a_comment_inside_a_chain_is_kept() -> None:
    outcome = migrate_text("import keras\nx = (keras\n     .layers  # all of them\n     .core.Dense(10))\n")
    assert b"# all of them" in outcome.content
    assert [note.rule for note in outcome.notes] == ["imports/layers-flat"]
