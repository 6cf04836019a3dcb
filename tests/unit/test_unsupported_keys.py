"""Unsupported releases, engines and GPUs are refused before anything is created, with a hint."""

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
from envkit.model.facts import EngineFacts
from envkit.reconcile import DesiredState
from envkit.resolve import resolve
from tests.support.fake_backend import FakeBackend
from tests.support.plan_samples import PROJECT, facts

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.plan import Plan

ENGINE = EngineFacts(
    "unix:///var/run/docker.sock",
    "20.10.24",
    "amd64",
    rootless=False,
    userns=False,
    gpu_methods=(),
)


def plan(text: str) -> Plan:
    return resolve(config.load(text), PROJECT, "vision", facts(), ActualState(), None)


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"TensorFlow '1\.15'") as error:
        plan('tensorflow: "1.15"')
    (problem,) = error.value.problems
    assert (problem.line, problem.key) == (1, "tensorflow")


def test_a_required_gpu_that_is_missing_is_refused() -> None:
    unused: Any = None
    desired = DesiredState(plan("base: debian\ngpu: 2"), unused, "r")
    with pytest.raises(GpuUnusable) as error:
        preflight.check_gpu(PlanningResult(desired, (), facts(), ActualState()), FakeBackend(facts=ENGINE))
    assert error.value.code == "gpu-unusable"
    assert "envkit up --no-gpu" in error.value.hint
    assert "gpu: off in envkit.yaml" in error.value.hint


def test_a_supported_release_and_engine_are_accepted() -> None:
    assert plan('base: debian\ntensorflow: "2.9"').image.release.version == "2.9.0"
    for api in ("", "1.41", "1.100", "2.0"):
        client.refuse_unsupported(replace(ENGINE, api=api), "amd64")


@pytest.mark.proves("rootless engines and Podman are refused", "real")
def test_an_unsupported_engine_is_refused() -> None:
    for engine, machine, code, reason in [
        (replace(ENGINE, rootless=True), "amd64", "engine-unsupported", "rootless"),
        (replace(ENGINE, userns=True), "amd64", "engine-unsupported", "maps container users"),
        (replace(ENGINE, podman=True, version="5.4.2"), "amd64", "engine-unsupported", "is Podman 5.4.2"),
        (
            replace(ENGINE, api="1.30", version="17.06.2-ce"),
            "amd64",
            "engine-unsupported",
            "needs API 1.41, which Docker 20",
        ),
        (replace(ENGINE, podman=True, rootless=True), "amd64", "engine-unsupported", "rootless Podman"),
        (replace(ENGINE, machine="arm64"), "arm64", "architecture-unsupported", "only amd64"),
        (replace(ENGINE, machine="amd64"), "arm64", "architecture-unsupported", "only amd64"),
    ]:
        with pytest.raises(PreconditionError, match=reason) as error:
            client.refuse_unsupported(engine, machine)
        assert error.value.code == code, engine
        assert error.value.hint, engine


@pytest.mark.proves("a project is found from any folder below it", "real")
def test_a_project_is_the_nearest_parent_with_a_config(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    subfolder = root / "project/src/model"
    subfolder.mkdir(parents=True)
    assert find_folder(subfolder) == str(subfolder)
    (root / "project/envkit.yaml").write_text("")
    assert find_folder(subfolder) == str(root / "project")
