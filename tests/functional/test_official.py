"""`base: official` hints the known faults of TensorFlow's own image, shown without and with the hint; `base: auto`."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING

import pytest

from tests.functional import foreign, official
from tests.functional.conftest import FIRST_UP_S
from tests.functional.inside import Inside
from tests.functional.jupyter import jupyter_of
from tests.functional.messages import assert_config_problems, assert_error
from tests.functional.workspaces import Workspaces, project_filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.functional.account import User
    from tests.functional.workspaces import Envkit


@pytest.fixture(scope="module")
def envkit(run_envkit: Envkit, user: User, place: Path) -> Envkit:
    """Return envkit with the stand-in in its catalogue."""
    return official.with_catalog(run_envkit, user.folder(place / "stand-in"), official.STAND_IN)


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, place: Path) -> str:
    """Return the stand-in as it is, mended by nobody."""
    return official.stand_in(engine, place)


@pytest.fixture(scope="module")
def project(image: str, envkit: Envkit, user: User, projects: Path, engine: docker.DockerClient) -> Iterator[Path]:
    """Yield a project whose workspace runs on the stand-in."""
    workspaces = Workspaces(user, projects, envkit, engine)
    made = workspaces("gpu: off\nbase: official\n", name="official")
    try:
        up = envkit(["up", "--yes", "--project", made], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        yield made
    finally:
        workspaces.close()


@pytest.fixture(scope="module")
def container(project: Path, engine: docker.DockerClient) -> Container:
    """Return the workspace's container."""
    (found,) = engine.containers.list(filters=project_filter(str(project)))
    return found


@pytest.fixture(scope="module")
def unmended(image: str, engine: docker.DockerClient) -> Iterator[Inside]:
    """Yield the stand-in, running as it is."""
    made = engine.containers.run(image, ["sleep", "600"], detach=True, init=True)
    yield Inside(made)
    made.remove(force=True)


FAULTS = [
    pytest.param("python3 -c 'import tensorflow'", id="protobuf and numpy without caps"),
    pytest.param("python3 -I -c 'import pip; assert int(pip.__version__.split(\".\")[0]) > 20'", id="old pip"),
    pytest.param("python3 -c 'import ipykernel; assert ipykernel.version_info[0] > 5'", id="old ipykernel"),
    pytest.param("! ldconfig -p | grep libcuda.so.1", id="stub libcuda"),
    pytest.param(
        "! python3 -c 'import importlib.util as u; assert u.find_spec(\"jupyter_http_over_ws\")'", id="open extension"
    ),
    pytest.param(
        "test ! -e /etc/jupyter/jupyter_config.json || ! grep -q allow_root /etc/jupyter/jupyter_config.json",
        id="settings of another Jupyter",
    ),
    pytest.param(
        'test -z "$(find / -xdev -perm -0002 -type f; find / -xdev -perm -0002 -type d ! -perm -1000)"',
        id="world-writable",
    ),
    pytest.param("! grep -q '^ldconfig' /etc/bash.bashrc", id="ldconfig at login"),
    pytest.param('test "$(id -u)" -ne 0', id="root"),
    pytest.param("test ! -e /etc/apt/sources.list.d/cuda.list", id="rotated key"),
    pytest.param('test "${NVIDIA_VISIBLE_DEVICES:-void}" = void', id="every GPU unasked"),
]


@pytest.mark.proves("the known faults of TensorFlow's official image are mended, each by name", "stand-in")
@pytest.mark.parametrize("sound", FAULTS)
def test_a_known_fault_of_the_official_image_is_mended(sound: str, unmended: Inside, container: Container) -> None:
    assert unmended.sh(sound).code != 0, "the stand-in lacks the fault"
    mended = Inside(container).sh(sound)
    assert mended.code == 0, mended


def test_apt_fails_in_the_stand_in_as_in_the_official_image(unmended: Inside) -> None:
    """The build of the workspace ran apt-get update in the same image, and came to its end."""
    said = unmended.sh("apt-get update")
    assert said.code != 0
    assert "is not signed" in said.out + said.err


def test_the_tensorflow_of_the_official_image_itself_is_used(
    container: Container, project: Path, run_envkit: Envkit
) -> None:
    inside = Inside(container)
    where = inside("python", "-c", "import tensorflow; print(tensorflow.__file__)").out
    assert where.startswith("/usr/local/lib/python3.9/dist-packages/tensorflow/")
    assert inside.sh("ls /opt/tensorflow/lib/python3.9/site-packages | grep -c '^tensorflow'").out.strip() == "0"
    with jupyter_of(project, container, run_envkit).kernel() as kernel:
        said = kernel.run("import tensorflow as tf; print(int(tf.reduce_sum(tf.ones((2, 3)))))")
        assert "6" in said.splitlines(), said  # TensorFlow itself tells of the processor, before that or after it
        assert "protobuf" in kernel.run("%pip install --quiet --no-input 'protobuf==4.25.8'")


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ('base: official\ntensorflow: "2.18.0"\ngpu: on\n', "is unusable: It contains cuDNN 8.9"),
        ('base: official\ntensorflow: "2.15.1"\n', "No official image of this patch release was published"),
    ],
)
def test_a_broken_official_image_is_named_before_it_is_pulled(
    config: str, says: str, envkit: Envkit, workspace: Workspaces
) -> None:
    up = envkit(["up", "--project", workspace(config)])
    assert_config_problems(up, "envkit.yaml:1 base: ")
    assert says in up.err


def test_an_official_image_that_is_nowhere_is_told_with_the_hint(
    run_envkit: Envkit, user: User, place: Path, workspace: Workspaces
) -> None:
    nowhere = official.with_catalog(run_envkit, user.folder(place / "nowhere"), closed())
    assert_error(
        nowhere(["up", "--project", workspace("base: official\n")]), 3, "cannot be reached", "set base: debian"
    )


@pytest.mark.proves("base: auto falls back to Debian where no registry answers, says why, and stays with it", "real")
def test_auto_falls_back_to_debian_says_why_and_stays(
    run_envkit: Envkit, user: User, place: Path, workspace: Workspaces, engine: docker.DockerClient
) -> None:
    with foreign.registry() as offers:
        repository = f"{offers.address}/tensorflow"
        envkit = official.with_catalog(run_envkit, user.folder(place / "later"), repository)
        project = workspace("base: auto\ngpu: off\n", name="auto")
        first = json.loads(envkit(["up", "--format", "json", "--project", project], timeout_s=FIRST_UP_S).out)["result"]
        assert any("auto chose debian, because" in one and "no image with that name" in one for one in first["notes"])
        offers.images["tensorflow:2.9.0-jupyter"] = foreign.image({"hello": "now there is one"})
        (project / "envkit.yaml").write_text("base: auto\ngpu: off\nlimits: {cpus: 1}\n")
        again = json.loads(envkit(["up", "--format", "json", "--project", project]).out)["result"]
        assert "BuildImage" not in again["changed"]
        refreshed = json.loads(envkit(["up", "--refresh", "--format", "json", "--project", project]).out)["result"]
        engine.images.remove(f"{repository}:2.9.0-jupyter")
        assert any("it has no shell" in one for one in refreshed["notes"])


@pytest.mark.proves("the example comes up without a registry, and says why it stands on Debian", "real")
def test_the_example_comes_up_without_a_registry(
    run_envkit: Envkit, user: User, place: Path, workspace: Workspaces, root: Path
) -> None:
    envkit = official.with_catalog(run_envkit, user.folder(place / "example"), closed())
    project = workspace((root / "examples/quickstart/envkit.yaml").read_text(), name="example")
    up = envkit(["up", "--project", project], timeout_s=FIRST_UP_S)
    assert up.code == 0, up.err
    said = " ".join((up.out + up.err).split())
    assert re.search(r"auto chose debian, because 127\.0\.0\.1:\d+/tensorflow:2\.9\.0-jupyter is not available", said)


def closed() -> str:
    """Return a repository of a registry that nobody runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}/tensorflow"
