"""Each rule of `migrate` does what its cases show, and leaves alone what they show as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.migrate import tf_api
from envkit.migrate.python import migrate
from envkit.migrate.rules.table import RULE_TABLE
from scripts import make_migrate_page
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CASES = ROOT / "tests/cases/migrate"
RULES = sorted(RULE_TABLE)
RELEASE = tf_api.load("2.9.0")


def case(rule: str) -> Path:
    """Return the folder of the rule's cases: before.py, after.py, notes.txt and kept.py."""
    return CASES / rule.replace("/", "-")


def told(source: bytes) -> list[str]:
    return [f"{note.location.line} {note.rule}" for note in migrate(source, RELEASE).notes]


@pytest.mark.parametrize("rule", RULES)
def test_before_becomes_after(rule: str) -> None:
    before, after = (case(rule) / "before.py").read_bytes(), (case(rule) / "after.py").read_bytes()
    assert migrate(before, RELEASE).content.decode() == after.decode()


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_what_the_case_shows(rule: str) -> None:
    outcome = migrate((case(rule) / "before.py").read_bytes(), RELEASE)
    assert rule in {one.rule for one in outcome.rewrites} | {one.rule for one in outcome.notes}


@pytest.mark.parametrize("rule", RULES)
def test_what_is_told(rule: str) -> None:
    notes = case(rule) / "notes.txt"
    assert told((case(rule) / "before.py").read_bytes()) == (notes.read_text().splitlines() if notes.exists() else [])


@pytest.mark.parametrize("rule", RULES)
def test_what_only_looks_like_it_stays(rule: str) -> None:
    kept = (case(rule) / "kept.py").read_bytes()
    outcome = migrate(kept, RELEASE)
    assert (outcome.content, [note.rule for note in outcome.notes if note.rule == rule]) == (kept, [])


@pytest.mark.parametrize("rule", RULES)
def test_a_second_run_finds_nothing(rule: str) -> None:
    after = (case(rule) / "after.py").read_bytes()
    outcome = migrate(after, RELEASE)
    assert (outcome.content, outcome.rewrites) == (after, ())


# What only the old import could tell: docs/migrate.md says so.
GONE = {
    "arguments/dim-ordering",
    "backend/image-dim-ordering",
    "backend/set-image-dim-ordering",
    "behaviour/batch-dot",
    "behaviour/learning-rate",
    "behaviour/recurrent-weights",
    "behaviour/save-folder",
    "behaviour/weights-checkpoint",
    "layers/cudnn",
    "layers/deconvolution",
    "names/activity-regularizers",
    "names/initializations",
    "names/layer-from-config",
}


@pytest.mark.parametrize("rule", RULES)
def test_what_was_told_stays_told_while_its_cause_stands(rule: str) -> None:
    first = migrate((case(rule) / "before.py").read_bytes(), RELEASE)
    again = {one.rule for one in migrate(first.content, RELEASE).notes}
    assert {one.rule for one in first.notes} - GONE == again - GONE


KERAS = "from tensorflow import keras\n"
COMPILED = "from tensorflow.keras import metrics, Model\nmodel = Model(x, y)\nmodel.compile(metrics=['accuracy'])\n"
V1 = "import tensorflow.compat.v1 as tf\n"
LATER = {
    "a session": ("import tensorflow as tf\ntf.compat.v1.keras.backend.get_session()\n", ["2 backend/session"]),
    "a session in graph mode": (
        "import tensorflow as tf\ntf.compat.v1.disable_v2_behavior()\ntf.compat.v1.keras.backend.get_session()\n",
        [],
    ),
    "a session of TensorFlow 1": (f"{V1}tf.keras.backend.get_session()\n", []),
    "arms for two Keras": (
        f"{KERAS}if keras_2:\n    model.fit(x, epochs=1)\nelse:\n    model.fit(x, epochs=1)\n",
        ["5 names/equal-arms"],
    ),
    "arms for something else": (f"{KERAS}if deep:\n    keras.Input(1)\nelse:\n    keras.Input(1)\n", []),
    "a second try": (f"{KERAS}try:\n    keras.Input(1)\nexcept OSError:\n    keras.Input(1)\n", []),
    "a key that no compile brings": (
        f"{COMPILED}model.compile(metrics=[metrics.mse])\nhistory.history['acc']\n",
        ["5 behaviour/history-keys"],
    ),
    "a key that a metric may bring": (f"{COMPILED}model.compile(metrics=[acc])\nhistory.history['acc']\n", []),
    "a key that a compile brings": (f"{COMPILED}model.compile(metrics=['acc'])\nhistory.history['acc']\n", []),
    "a key of a compile elsewhere": (f"{KERAS}history.history['acc']\n", []),
    "layers of a model": (f"{KERAS}top = keras.Model(x, y)\ntop.layers.pop()\n", ["3 behaviour/layers-pop"]),
    "layers of one's own": (f"{KERAS}keras.Input(1)\nself.layers.pop()\n", []),
    "layers of another library": ("import tensorflow as tf\ntf.constant(1)\nmodel.layers.pop()\n", []),
    "an initializer that is called as a function": (
        "from tensorflow.keras import initializers\ninitializers.RandomNormal(shape)\n",
        ["2 names/initializations"],
    ),
    "initializers": (
        "from tensorflow.keras.initializers import Ones, RandomNormal\nRandomNormal(0.0, 0.1)\nOnes()(shape)\n",
        [],
    ),
}


@pytest.mark.parametrize(("source", "notes"), LATER.values(), ids=LATER)
def test_code_of_tensorflow_is_told_of_what_fails_there_alone(source: str, notes: list[str]) -> None:
    assert told(source.encode()) == notes


def test_the_page_is_made_from_the_table_and_the_cases() -> None:
    written = make_migrate_page.PAGE.read_text("utf-8")
    assert written == make_migrate_page.page(), "scripts/make_migrate_page.py writes docs/migrate-rules.md anew"


def test_every_case_is_of_a_rule() -> None:
    assert {path.name for path in CASES.iterdir()} == {rule.replace("/", "-") for rule in RULES}
