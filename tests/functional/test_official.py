"""`base: official` fixes the known faults of TensorFlow's image: each is shown before and after; and `base: auto`."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING

import pytest

from tests.functional.conftest import FIRST_UP_S
from tests.support import foreign_images, official_image
from tests.support.container_commands import Inside
from tests.support.error_assertions import assert_config_problems, assert_error
from tests.support.jupyter_client import jupyter_of
from tests.support.workspaces import Workspaces, project_filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.support.account import User
    from tests.support.workspaces import Envkit


@pytest.fixture(scope="module")
def envkit(run_envkit: Envkit, user: User, run_folder: Path) -> Envkit:
    """Return envkit with the stand-in in its catalog."""
    return official_image.with_catalog(run_envkit, user.folder(run_folder / "stand-in"), official_image.STAND_IN)


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, run_folder: Path) -> str:
    """Return the unmodified stand-in."""
    return official_image.stand_in(engine, run_folder)


@pytest.fixture(scope="module")
def project(image: str, envkit: Envkit, user: User, projects: Path, engine: docker.DockerClient) -> Iterator[Path]:
    """Yield a project whose workspace runs on the stand-in."""
    workspaces = Workspaces(user, projects, envkit, engine)
    folder = workspaces("gpu: off\nbase: official\n", name="official")
    try:
        up = envkit(["up", "--yes", "--project", folder], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        yield folder
    finally:
        workspaces.close()


@pytest.fixture(scope="module")
def container(project: Path, engine: docker.DockerClient) -> Container:
    """Return the workspace's container."""
    (workspace_container,) = engine.containers.list(filters=project_filter(str(project)))
    return workspace_container


@pytest.fixture(scope="module")
def stand_in(image: str, engine: docker.DockerClient) -> Iterator[Inside]:
    """Yield a running container of the unmodified stand-in."""
    stand_in_container = engine.containers.run(image, ["sleep", "600"], detach=True, init=True)
    yield Inside(stand_in_container)
    stand_in_container.remove(force=True)


# Each script succeeds if the image does not have the fault.
FAULTS = {
    "protobuf and numpy without caps": "python3 -c 'import tensorflow'",
    "old pip": "python3 -I -c 'import pip; assert int(pip.__version__.split(\".\")[0]) > 20'",
    "old ipykernel": "python3 -c 'import ipykernel; assert ipykernel.version_info[0] > 5'",
    "libcuda stub": "! ldconfig -p | grep libcuda.so.1",
    "open extension": "! python3 -c 'import importlib.util as u; assert u.find_spec(\"jupyter_http_over_ws\")'",
    "settings of another Jupyter": (
        "test ! -e /etc/jupyter/jupyter_config.json || ! grep -q allow_root /etc/jupyter/jupyter_config.json"
    ),
    "world-writable": 'test -z "$(find / -xdev -perm -0002 -type f; find / -xdev -perm -0002 -type d ! -perm -1000)"',
    "ldconfig at login": "! grep -q '^ldconfig' /etc/bash.bashrc",
    "root": 'test "$(id -u)" -ne 0',
    "rotated key": "test ! -e /etc/apt/sources.list.d/cuda.list",
    "all GPUs by default": 'test "${NVIDIA_VISIBLE_DEVICES:-void}" = void',
}


@pytest.mark.proves("the known faults of TensorFlow's official image are fixed, each by name", "stand-in")
@pytest.mark.parametrize("fault", FAULTS)
def test_known_fault_of_the_official_image_is_fixed(fault: str, stand_in: Inside, container: Container) -> None:
    assert stand_in.sh(FAULTS[fault]).code != 0, "the stand-in lacks the fault"
    result = Inside(container).sh(FAULTS[fault])
    assert result.code == 0, result


def test_apt_fails_in_the_stand_in(stand_in: Inside) -> None:
    """Check the fault that only a build shows; the workspace's build ran apt-get update in the same image."""
    result = stand_in.sh("apt-get update")
    assert result.code != 0
    assert "is not signed" in result.out + result.err


def test_tensorflow_of_the_official_image_is_used(container: Container, project: Path, run_envkit: Envkit) -> None:
    inside = Inside(container)
    tensorflow_file = inside("python", "-c", "import tensorflow; print(tensorflow.__file__)").out
    assert tensorflow_file.startswith("/usr/local/lib/python3.9/dist-packages/tensorflow/")
    assert inside.sh("ls /opt/tensorflow/lib/python3.9/site-packages | grep -cx tensorflow").out.strip() == "0"
    with jupyter_of(project, container, run_envkit).kernel() as kernel:
        output = kernel.run("import tensorflow as tf; print(int(tf.reduce_sum(tf.ones((2, 3)))))")
        assert "6" in output.splitlines(), output  # TensorFlow also prints lines about the processor
        assert "protobuf" in kernel.run("%pip install --quiet --no-input 'protobuf==4.25.8'")


def test_unusable_official_image_is_refused_before_a_pull(envkit: Envkit, workspace: Workspaces) -> None:
    issues = {
        'base: official\ntensorflow: "2.18.0"\ngpu: on\n': "is unusable: It contains cuDNN 8.9",
        'base: official\ntensorflow: "2.15.1"\n': "No official image of this patch release was published",
    }
    for config, issue in issues.items():
        up = envkit(["up", "--format", "json", "--project", workspace(config)])
        assert_config_problems(up, "envkit.yaml:1 base: ")
        (problem,) = json.loads(up.out)["error"]["problems"]
        assert (problem["code"], issue in problem["message"]) == ("official-image-unusable", True), config


def test_unreachable_registry_is_one_error_with_a_hint(
    run_envkit: Envkit, user: User, run_folder: Path, workspace: Workspaces
) -> None:
    envkit = official_image.with_catalog(run_envkit, user.folder(run_folder / "nowhere"), closed_repository())
    up = envkit(["up", "--format", "json", "--project", workspace("base: official\n")])
    assert_error(up, 3, "set base: debian", code="registry-unreachable")


@pytest.mark.proves(
    "base: auto falls back to Debian if no registry answers, reports why, and keeps that choice", "real"
)
def test_auto_falls_back_to_debian_and_keeps_it(
    run_envkit: Envkit, user: User, run_folder: Path, workspace: Workspaces, engine: docker.DockerClient
) -> None:
    with foreign_images.registry() as registry:
        repository = f"{registry.address}/tensorflow"
        envkit = official_image.with_catalog(run_envkit, user.folder(run_folder / "later"), repository)
        project = workspace("base: auto\ngpu: off\n", name="auto")
        first = json.loads(envkit(["up", "--format", "json", "--project", project], timeout_s=FIRST_UP_S).out)["result"]
        assert any(
            "auto chose debian, because" in note and "no image with that name" in note for note in first["notes"]
        )
        registry.images["tensorflow:2.9.0-jupyter"] = foreign_images.image({"hello": "an image without a shell"})
        (project / "envkit.yaml").write_text("base: auto\ngpu: off\nlimits: {cpus: 1}\n")
        second = json.loads(envkit(["up", "--format", "json", "--project", project]).out)["result"]
        assert "BuildImage" not in second["changed"]
        refreshed = json.loads(envkit(["up", "--refresh", "--format", "json", "--project", project]).out)["result"]
        engine.images.remove(f"{repository}:2.9.0-jupyter")
        assert any("it has no shell" in note for note in refreshed["notes"])


@pytest.mark.proves("without a registry the example starts on Debian, and `up` reports why", "real")
def test_example_comes_up_without_a_registry(
    run_envkit: Envkit, user: User, run_folder: Path, workspace: Workspaces, root: Path
) -> None:
    envkit = official_image.with_catalog(run_envkit, user.folder(run_folder / "example"), closed_repository())
    project = workspace((root / "examples/quickstart/envkit.yaml").read_text(), name="example")
    up = envkit(["up", "--project", project], timeout_s=FIRST_UP_S)
    assert up.code == 0, up.err
    output = " ".join((up.out + up.err).split())
    assert re.search(r"auto chose debian, because 127\.0\.0\.1:\d+/tensorflow:2\.9\.0-jupyter is not available", output)


def closed_repository() -> str:
    """Return a repository whose registry does not run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}/tensorflow"
