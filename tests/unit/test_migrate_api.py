"""What is known of TensorFlow's names, and that each rule leads to a name that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.errors import PreconditionError
from envkit.migrate import tf_api
from envkit.migrate.rules.table import RULE_TABLE

if TYPE_CHECKING:
    from envkit.migrate.rules.rule import Rule

RELEASES = tf_api.releases()
# Of methods, whose parameters are not recorded, and of Model, which takes any.
METHODS = {"epochs", "max_queue_size", "workers", "use_multiprocessing", "inputs", "outputs"}
MOVES = [(rule.id, old, new) for rule in RULE_TABLE.values() for old, new in rule.moves.items()]


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def claims(rule: str, release: str) -> bool:
    row = RULE_TABLE[rule]
    return version(row.since) <= version(release) and (not row.until or version(release) < version(row.until))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("rule", "old", "new"), MOVES)
def test_where_a_rule_leads_to_is_in_each_release_that_it_claims(rule: str, old: str, new: str, release: str) -> None:
    assert tf_api.load(release).resolves(new) or not claims(rule, release)


@pytest.mark.parametrize(("rule", "old", "new"), MOVES)
def test_no_rule_moves_what_is_where_it_was(rule: str, old: str, new: str) -> None:
    assert not tf_api.load("2.9.0").resolves(f"tensorflow.{old}")


@pytest.mark.parametrize("rule", [rule for rule in RULE_TABLE.values() if rule.arguments], ids=lambda rule: rule.id)
def test_new_arguments_are_those_of_some_callable(rule: Rule) -> None:
    known = tf_api.load("2.9.0")
    names = {
        name
        for module, rows in known.modules.items()
        for one in rows
        if (takes := known.parameters(f"{module}.{one}")) is not None
        for name in takes.names
    }
    assert {new for news in rule.arguments.values() for new in news} <= names | METHODS


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("tensorflow.keras.layers.Dense", "c"),
        ("tensorflow.keras.layers", "m"),
        ("tensorflow.keras.utils.to_categorical", "f"),
        ("tensorflow.keras.__version__", "v"),
        ("tensorflow.placeholder", ""),
        ("tensorflow.compat.v1.placeholder", "f"),
    ],
)
def test_a_name_has_a_kind(path: str, kind: str) -> None:
    assert tf_api.load("2.9.0").kind(path) == kind


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("tensorflow.keras.layers.Dense", True),
        ("tensorflow.keras.layers.Dense.from_config", True),
        ("tensorflow.keras.layers.core.Dense", False),
        ("tensorflow.keras.layers.Dance", False),
        ("tensorflow.Dance.step", False),
        ("tensorflow.keras", True),
    ],
)
def test_a_name_resolves_or_not(path: str, there: bool) -> None:
    assert tf_api.load("2.9.0").resolves(path) is there


def test_parameters_stand_in_their_order() -> None:
    takes = tf_api.load("2.9.0").parameters("tensorflow.keras.layers.Dense")
    assert takes is not None
    assert (takes.names[:3], takes.accepts_kwargs) == (("units", "activation", "use_bias"), True)


def test_what_nobody_recorded_is_refused() -> None:
    with pytest.raises(PreconditionError, match=r"knows .*2\.9\.0") as refusal:
        tf_api.load("1.15.0")
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [("2.21.0", "2.15.1"), ("2.14.0", "2.15.1"), ("2.10.1", "2.9.0"), ("1.15.0", "2.9.0"), ("latest", "2.9.0")],
)
def test_of_a_release_that_nobody_recorded_the_nearest_is_named(asked: str, nearest: str) -> None:
    with pytest.raises(PreconditionError) as refusal:
        tf_api.load(asked)
    assert refusal.value.hint == f"name the nearest: --to {nearest}"


def test_a_release_is_no_path() -> None:
    with pytest.raises(PreconditionError):
        tf_api.load("../api-2.9.0")
