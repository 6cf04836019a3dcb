"""The probe in the real workspace: TensorFlow computes there, and a GPU that cannot be used stops `up` in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import backends, catalog, checks
from envkit.backends import endpoint
from envkit.model.facts import HostGpu
from envkit.observe import probe
from tests.functional.workspaces import leftovers

if TYPE_CHECKING:
    import docker

    from envkit.model.report import Observation
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit, Workspaces

VERSION = "2.9.0"


@pytest.mark.image
@pytest.mark.proves("TensorFlow computes in the workspace, and its results are compared with the right ones", "real")
def test_tensorflow_of_the_configured_version_computes(shared_env: SharedEnvironment) -> None:
    told: list[Observation] = []
    seen = probe.probe(backends.connect(endpoint.current_endpoint()), str(shared_env.container.name), told.append)
    assert seen == tuple(told)
    assert seen[-1].name == "done"
    found = checks.probe(seen, release=catalog.release(VERSION), gpu_required=False, host=HostGpu())
    assert [one.check for one in found] == ["tensorflow/computes", "gpu/driver-missing"]
    assert checks.summarize(found).startswith(f"TensorFlow {VERSION} computes on CPU (matmul ")


@pytest.mark.proves("`up --gpu` where no GPU can be used names the layer and creates nothing", "real")
def test_a_gpu_that_cannot_be_used_stops_up_before_anything_is_made(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient
) -> None:
    project = workspace()
    ran = run_envkit(["up", "--gpu", "--project", project])
    assert ran.code == 5, str(ran)
    assert "no GPU can be used (" in ran.err
    assert "Traceback" not in ran.err
    assert not leftovers(engine, str(project))
