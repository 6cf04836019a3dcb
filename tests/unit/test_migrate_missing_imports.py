"""Imports of names that the target release does not have, and names that a star import no longer brings."""

from __future__ import annotations

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from tests.unit.test_migrate_code import note_lines

API = tf_api.load("2.9.0")
GONE = "from keras.layers import MaxoutDense\n"


def migrated(code: str) -> str:
    return migrate(code.encode(), API).content.decode()


def test_missing_name_that_code_may_still_need_stays() -> None:
    kept = {
        "__all__": f"{GONE}__all__ = ['MaxoutDense']\n",
        "a string annotation": f"{GONE}def f(x: 'MaxoutDense'): pass\n",
        "a base class": f"{GONE}class Own(MaxoutDense): pass\n",
        "a decorator": f"{GONE}@MaxoutDense\ndef f(): pass\n",
        "a default": f"{GONE}def f(x=MaxoutDense): pass\n",
        "module code": f"{GONE}def f(): return MaxoutDense(3)\nMaxoutDense(4)\n",
        "a guarded import": "try:\n    from keras.layers import MaxoutDense\nexcept ImportError:\n    pass\n",
        "a global name": f"{GONE}def f():\n    global MaxoutDense\n    return MaxoutDense(3)\n",
    }
    for case, code in kept.items():
        assert migrated(code) == code, case


def test_missing_name_is_imported_where_it_is_used() -> None:
    import_line = GONE.strip()
    places = {
        "def f(x):\n    if x:\n        return MaxoutDense(3)\n": (
            f"def f(x):\n    if x:\n        {import_line}\n        return MaxoutDense(3)\n"
        ),
        "if old:\n    x = MaxoutDense(3)\nelse:\n    x = 1\n": (
            f"if old:\n    {import_line}\n    x = MaxoutDense(3)\nelse:\n    x = 1\n"
        ),
        "def f(x):\n    while x:\n        MaxoutDense(3)\n": (
            f"def f(x):\n    {import_line}\n    while x:\n        MaxoutDense(3)\n"
        ),
        "def f(x):\n    a = MaxoutDense(1)\n    if x:\n        MaxoutDense(3)\n": (
            f"def f(x):\n    {import_line}\n    a = MaxoutDense(1)\n    if x:\n        MaxoutDense(3)\n"
        ),
    }
    for code, expected in places.items():
        outcome = migrate(f"{GONE}{code}".encode(), API)
        assert outcome.content.decode() == expected
        assert note_lines(outcome) == ["1 layers/gone"]


def test_unused_missing_name_leaves_its_import() -> None:
    cases = {
        f"import os\n{GONE}": "import os\n",
        f"if old:\n    {GONE}": "if old:\n    pass\n",
        "from keras.layers import (\n    MaxoutDense,\n    Dense,\n)\nDense(3)\n": (
            "from tensorflow.keras.layers import (\n    Dense,\n)\nDense(3)\n"
        ),
    }
    for code, expected in cases.items():
        assert migrated(code) == expected


def test_missing_name_stays_if_its_rule_is_disabled() -> None:
    code = f"{GONE.strip()}  # envkit: ignore[imports/missing-name]\n"
    assert migrated(code) == code


STAR = "from keras.layers import *\n"


def test_star_name_is_treated_like_an_imported_name() -> None:
    outcome = migrate(f"{STAR}Merge([])\nx = CuDNNGRU(4)\ny = Conv2D(3, 5)\n".encode(), API)
    assert outcome.content.decode() == (
        "from tensorflow.keras.layers import *\nMerge([])\nx = GRU(4)\ny = Conv2D(3, 5)\n"
    )
    assert note_lines(outcome) == ["2 layers/merge-class", "3 layers/cudnn"]


def test_star_name_from_another_module_is_imported() -> None:
    code = migrated(f"{STAR}print(K.floatx())\n")
    assert code == (
        "from tensorflow.keras import backend as K\nfrom tensorflow.keras.layers import *\nprint(K.floatx())\n"
    )


def test_star_name_does_not_replace_another_name() -> None:
    assert migrated(f"{STAR}GRU = 3\nx = CuDNNGRU(4)\n").endswith("GRU = 3\nx = tf.keras.layers.GRU(4)\n")


def test_star_import_of_any_module_brought_the_backend() -> None:
    code = migrated("from keras.optimizers import *\nK.set_image_dim_ordering('tf')\n")
    assert code.endswith("optimizers import *\nK.set_image_data_format('channels_last')\n")
    assert code.startswith("from tensorflow.keras import backend as K\n")
