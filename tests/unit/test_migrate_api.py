"""The recorded names of TensorFlow releases, and that each rule leads to a name that exists."""

from __future__ import annotations

import pytest

from envkit.errors import PreconditionError
from envkit.migrate import tf_api
from envkit.migrate.rules.table import RULE_TABLE

API = tf_api.load("2.9.0")
# Parameters of methods, which are not recorded, and of Model, which accepts any.
UNRECORDED_PARAMETERS = {"epochs", "max_queue_size", "workers", "use_multiprocessing", "inputs", "outputs"}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_moved_names_exist_in_every_covered_release() -> None:
    for release in tf_api.releases():
        api = tf_api.load(release)
        for rule in RULE_TABLE.values():
            is_covered = version(rule.since) <= version(release) and (
                not rule.until or version(release) < version(rule.until)
            )
            for old_name, new_name in rule.moves.items():
                assert not is_covered or api.resolves(new_name), (rule.id, old_name, new_name, release)


def test_moved_names_are_gone_from_their_old_place() -> None:
    for rule in RULE_TABLE.values():
        for old_name in rule.moves:
            assert not API.resolves(f"tensorflow.{old_name}"), (rule.id, old_name)


def test_new_arguments_are_parameters_of_a_callable() -> None:
    parameter_names = {
        parameter_name
        for module, kinds_by_name in API.modules.items()
        for name in kinds_by_name
        if (parameters := API.parameters(f"{module}.{name}")) is not None
        for parameter_name in parameters.names
    }
    for rule in RULE_TABLE.values():
        new_arguments = {argument for arguments in rule.arguments.values() for argument in arguments}
        assert new_arguments <= parameter_names | UNRECORDED_PARAMETERS, rule.id


def test_kind_of_a_name() -> None:
    kinds = {
        "tensorflow.keras.layers.Dense": "c",
        "tensorflow.keras.layers": "m",
        "tensorflow.keras.utils.to_categorical": "f",
        "tensorflow.keras.__version__": "v",
        "tensorflow.placeholder": "",
        "tensorflow.compat.v1.placeholder": "f",
    }
    for path, kind in kinds.items():
        assert API.kind(path) == kind, path


def test_names_resolve_only_if_they_exist() -> None:
    existing_names = {
        "tensorflow.keras.layers.Dense": True,
        "tensorflow.keras.layers.Dense.from_config": True,
        "tensorflow.keras.layers.core.Dense": False,
        "tensorflow.keras.layers.Dance": False,
        "tensorflow.Dance.step": False,
        "tensorflow.keras": True,
    }
    for path, exists in existing_names.items():
        assert API.resolves(path) is exists, path


def test_parameters_are_in_order() -> None:
    parameters = API.parameters("tensorflow.keras.layers.Dense")
    assert parameters is not None
    assert (parameters.names[:3], parameters.accepts_kwargs) == (("units", "activation", "use_bias"), True)


def test_unrecorded_release_names_the_nearest_one() -> None:
    nearest_releases = {
        "2.21.0": "2.15.1",
        "2.14.0": "2.15.1",
        "2.10.1": "2.9.0",
        "1.15.0": "2.9.0",
        "latest": "2.9.0",
        "../api-2.9.0": "2.9.0",
    }
    for release, nearest_release in nearest_releases.items():
        with pytest.raises(PreconditionError, match=r"2\.9\.0, 2\.15\.1") as caught:
            tf_api.load(release)
        assert caught.value.hint.endswith(f"--to {nearest_release}"), release
