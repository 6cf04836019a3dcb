"""The probe in the real workspace: TensorFlow computes, and an unusable GPU stops `up` before any change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import backends, catalog, checks
from envkit.backends import endpoint
from envkit.model.facts import HostGpu
from envkit.observe import probe
from tests.support.error_assertions import assert_error
from tests.support.workspaces import leftovers

if TYPE_CHECKING:
    import docker

    from envkit.model.report import Observation
    from tests.functional.conftest import SharedEnvironment
    from tests.support.workspaces import Envkit, Workspaces

VERSION = "2.9.0"


@pytest.mark.image
@pytest.mark.proves("TensorFlow computes in the workspace, and its results are compared with known ones", "real")
def test_configured_tensorflow_computes(shared_env: SharedEnvironment) -> None:
    reported: list[Observation] = []
    backend = backends.connect(endpoint.current_endpoint())
    observations = probe.probe(backend, str(shared_env.container.name), reported.append)
    assert observations == tuple(reported)
    assert observations[-1].name == "done"
    findings = checks.probe(observations, release=catalog.release(VERSION), gpu_required=False, host=HostGpu())
    assert [finding.check for finding in findings] == ["tensorflow/computes", "gpu/driver-missing"]
    assert checks.summarize(findings).startswith(f"TensorFlow {VERSION} computes on CPU (matmul ")


@pytest.mark.proves("if the host shows that no GPU is usable, `up --gpu` names the layer and creates nothing", "real")
def test_unusable_gpu_stops_up_before_any_change(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient
) -> None:
    project = workspace()
    assert_error(run_envkit(["up", "--gpu", "--project", project]), 5, "no GPU can be used (")
    assert not leftovers(engine, str(project))
