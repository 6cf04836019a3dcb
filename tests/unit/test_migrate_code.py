"""Rules of `envkit migrate` against their cases: code that each rule rewrites or notes, and code that it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from envkit.migrate.rules.table import RULE_TABLE
from tests.conftest import ROOT

if TYPE_CHECKING:
    from envkit.migrate.outcome import Outcome

CASES = ROOT / "tests/cases/migrate"
API = tf_api.load("2.9.0")

# Rules that need the old import to recognize their cause, as docs/reference/migrate.md explains.
FIRST_RUN_ONLY_RULES = {
    "arguments/dim-ordering",
    "arguments/positional",
    "backend/image-dim-ordering",
    "backend/set-image-dim-ordering",
    "behaviour/batch-dot",
    "behaviour/crossentropy-order",
    "behaviour/learning-rate",
    "behaviour/recurrent-weights",
    "behaviour/save-folder",
    "behaviour/weights-checkpoint",
    "imports/missing-name",
    "layers/cudnn",
    "layers/deconvolution",
    "names/activity-regularizers",
    "names/initializations",
    "names/layer-from-config",
}


def note_lines(outcome: Outcome) -> list[str]:
    return [f"{note.location.line} {note.rule}" for note in outcome.notes]


def note_rules(outcome: Outcome) -> set[str]:
    return {note.rule for note in outcome.notes}


@pytest.mark.parametrize("rule", sorted(RULE_TABLE))
def test_rule_matches_its_case(rule: str) -> None:
    folder = CASES / rule.replace("/", "-")
    notes_file = folder / "notes.txt"
    before, after, kept = ((folder / name).read_bytes() for name in ("before.py", "after.py", "kept.py"))

    first = migrate(before, API)
    assert first.content.decode() == after.decode()
    assert note_lines(first) == (notes_file.read_text().splitlines() if notes_file.exists() else [])
    assert rule in {rewrite.rule for rewrite in first.rewrites} | note_rules(first), "the case shows another rule"

    second = migrate(after, API)
    assert (second.content, second.rewrites) == (after, ()), "a second run rewrites again"
    assert note_rules(second) - FIRST_RUN_ONLY_RULES == note_rules(first) - FIRST_RUN_ONLY_RULES

    similar = migrate(kept, API)
    assert similar.content == kept
    assert rule not in note_rules(similar), "the rule notes code that only looks similar"


KERAS = "from tensorflow import keras\n"
COMPILED = "from tensorflow.keras import metrics, Model\nmodel = Model(x, y)\nmodel.compile(metrics=['accuracy'])\n"
V1 = "import tensorflow.compat.v1 as tf\n"
TF_KERAS_CASES = {
    "a session": ("import tensorflow as tf\ntf.compat.v1.keras.backend.get_session()\n", ["2 backend/session"]),
    "a session in graph mode": (
        "import tensorflow as tf\ntf.compat.v1.disable_v2_behavior()\ntf.compat.v1.keras.backend.get_session()\n",
        [],
    ),
    "a session of TensorFlow 1": (f"{V1}tf.keras.backend.get_session()\n", []),
    "branches for two Keras versions": (
        f"{KERAS}if keras_2:\n    model.fit(x, epochs=1)\nelse:\n    model.fit(x, epochs=1)\n",
        ["5 names/equal-arms"],
    ),
    "branches on another condition": (f"{KERAS}if deep:\n    keras.Input(1)\nelse:\n    keras.Input(1)\n", []),
    "a retry": (f"{KERAS}try:\n    keras.Input(1)\nexcept OSError:\n    keras.Input(1)\n", []),
    "a key that no compile provides": (
        f"{COMPILED}model.compile(metrics=[metrics.mse])\nhistory.history['acc']\n",
        ["5 behaviour/history-keys"],
    ),
    "a key that a metric may provide": (f"{COMPILED}model.compile(metrics=[acc])\nhistory.history['acc']\n", []),
    "a key that a compile provides": (f"{COMPILED}model.compile(metrics=['acc'])\nhistory.history['acc']\n", []),
    "a key of a compile elsewhere": (f"{KERAS}history.history['acc']\n", []),
    "layers of a model": (f"{KERAS}top = keras.Model(x, y)\ntop.layers.pop()\n", ["3 behaviour/layers-pop"]),
    "layers of another object": (f"{KERAS}keras.Input(1)\nself.layers.pop()\n", []),
    "layers of another library": ("import tensorflow as tf\ntf.constant(1)\nmodel.layers.pop()\n", []),
    "an initializer called as a function": (
        "from tensorflow.keras import initializers\ninitializers.RandomNormal(shape)\n",
        ["2 names/initializations"],
    ),
    "initializers": (
        "from tensorflow.keras.initializers import Ones, RandomNormal\nRandomNormal(0.0, 0.1)\nOnes()(shape)\n",
        [],
    ),
}


def test_notes_on_code_for_tf_keras() -> None:
    for case, (source, notes) in TF_KERAS_CASES.items():
        assert note_lines(migrate(source.encode(), API)) == notes, case


def test_each_case_belongs_to_a_rule() -> None:
    assert {path.name for path in CASES.iterdir()} == {rule.replace("/", "-") for rule in RULE_TABLE}
