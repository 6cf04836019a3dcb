"""What this version does not do is refused before anything is looked at or made, with the hint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config
from envkit.backends.docker import client
from envkit.environment import preflight
from envkit.environment.planning import PlanningResult
from envkit.environment.project import find_folder
from envkit.errors import ConfigError, GpuUnusable, PreconditionError
from envkit.model.engine_state import ActualState
from envkit.model.facts import Account, EngineFacts, Facts
from envkit.reconcile import DesiredState
from envkit.resolve import resolve

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "/home/ada/vision"
FACTS = Facts(
    caller=Account(1000, 1000),
    sudo_caller=None,
    workspace=PROJECT,
    workspace_owner=Account(1000, 1000),
    home="/home/ada",
    config_files={},
    cpus=4,
    memory_mib=8192,
    machine="amd64",
)
ENGINE = EngineFacts(
    "unix:///var/run/docker.sock",
    "20.10.24",
    "amd64",
    rootless=False,
    userns=False,
    gpu_methods=(),
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('tensorflow: "1.15"', "envkit.yaml:1 tensorflow: TensorFlow '1.15' is not in the catalogue"),
    ],
)
def test_a_key_that_cannot_be_honoured_yet_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        resolve(config.load(text), PROJECT, "vision", FACTS, ActualState(), None)
    assert says in error.value.message


def test_a_gpu_that_is_asked_for_and_not_there_is_refused_with_the_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "facts", lambda _: ENGINE)
    nothing: Any = None
    plan = resolve(config.load("base: debian\ngpu: 2"), PROJECT, "vision", FACTS, ActualState(), None)
    with pytest.raises(GpuUnusable) as error:
        preflight.check_gpu(PlanningResult(DesiredState(plan, nothing, "r"), (), FACTS, ActualState()), nothing)
    assert "envkit up --no-gpu" in error.value.hint
    assert "gpu: off in envkit.yaml" in error.value.hint


def test_what_this_version_builds_is_not_refused() -> None:
    plan = resolve(config.load('base: debian\ntensorflow: "2.9"'), PROJECT, "vision", FACTS, ActualState(), None)
    assert plan.image.release.version == "2.9.0"
    client.refuse_unsupported(ENGINE, "amd64")


@pytest.mark.proves("rootless engines and Podman are refused", "real")
@pytest.mark.parametrize(
    ("engine", "machine", "why"),
    [
        (replace(ENGINE, rootless=True), "amd64", "runs without root"),
        (replace(ENGINE, userns=True), "amd64", "maps container users"),
        (replace(ENGINE, podman=True, version="5.4.2"), "amd64", "is Podman 5.4.2: "),
        (replace(ENGINE, podman=True, rootless=True), "amd64", "is Podman .*, run without root: "),
        (replace(ENGINE, machine="arm64"), "arm64", "builds for amd64 alone"),
        (replace(ENGINE, machine="amd64"), "arm64", "builds for amd64 alone"),
    ],
)
def test_an_engine_that_cannot_be_served_yet_is_refused(engine: EngineFacts, machine: str, why: str) -> None:
    with pytest.raises(PreconditionError, match=why) as error:
        client.refuse_unsupported(engine, machine)
    assert error.value.hint


@pytest.mark.proves("a project is found from any folder below it", "real")
def test_a_project_is_the_nearest_folder_upwards_with_a_config(tmp_path: Path) -> None:
    top = tmp_path.resolve()
    deep = top / "project/src/model"
    deep.mkdir(parents=True)
    assert find_folder(deep) == str(deep)
    (top / "project/envkit.yaml").write_text("")
    assert find_folder(deep) == str(top / "project")
