"""Fixtures: a real engine, an ordinary user, envkit installed from its wheel, and project folders."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from envkit import backends
from tests import workers
from tests.conftest import ROOT
from tests.support.account import NAME, ordinary_user
from tests.support.container_commands import Inside
from tests.support.exclusive_run import alone, clear
from tests.support.jupyter_client import Jupyter, Session, jupyter_of
from tests.support.openssh import Ssh
from tests.support.wheel_install import install
from tests.support.workspaces import Envkit, Workspaces, project_filter
from tests.workers import NUMBER, exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

    from envkit.backends.backend import Backend
    from tests.support.account import CommandResult, User

# The first `up` builds the image, from scratch on a new machine.
FIRST_UP_S = 1500
IMAGE = "image"
TEAM_KEY = "wK7-a-secret-of-the-team-8Qz"
# With a subnet and ports that no other environment chooses while this one is stopped or removed.
RICH_CONFIG = f"""
gpu: off
env: {{TEAM: "vision $HOME `id`"}}
secrets: {{TEAM_KEY: {{file: ~/team-key}}}}
volumes: {{datasets: /data}}
mounts: [{{source: ~/dataset, target: /dataset, read_only: true}}]
limits: {{cpus: 1.5, memory: 6g, shm: 256m, pids: 700}}
network: {{pool: 10.185.{NUMBER}.0/24}}
tensorboard: {{logdir: runs}}
jupyter: {{port: {18900 + NUMBER}}}
ssh: {{publish: true, port: {12200 + NUMBER}}}
"""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class SharedEnvironment:
    """A running environment for tests that change nothing in it."""

    project: Path
    up: CommandResult
    container: Container


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """Yield a client of the engine, to inspect and prepare resources."""
    client = docker.DockerClient(base_url=os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    yield client
    client.close()


@pytest.fixture(scope="session")
def envkit_backend() -> Backend:
    """Return the backend as envkit connects to it."""
    return backends.connect(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """Yield a folder for this run that the ordinary user can enter, unlike pytest's own."""
    with nullcontext() if workers.WORKER else alone():  # for workers, their parent process holds the lock
        folder = Path(tempfile.mkdtemp(prefix="envkit-functional-")).resolve()
        folder.chmod(0o755)
        yield folder
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def user(run_folder: Path, engine: docker.DockerClient) -> User:
    """Return the ordinary user who runs envkit, with an empty home of mode 0700."""
    account = ordinary_user(run_folder / "home")
    if account.name == NAME:
        clear(engine, account)
    account.folder(account.home, 0o700)
    return account


@pytest.fixture(scope="session")
def run_envkit(user: User, run_folder: Path) -> Envkit:
    """Return `run_envkit(["up"], cwd=…, env=…, text=…, timeout_s=…)`: the installed command, as the user."""
    return Envkit(user, install(user, run_folder))


@pytest.fixture(scope="session")
def projects(user: User, run_folder: Path) -> Path:
    """Return the folder for project folders."""
    with exclusive(IMAGE):  # users of the image wait for the worker that builds it
        return user.folder(run_folder / "work")


@pytest.fixture
def workspace(
    user: User,
    projects: Path,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> Iterator[Workspaces]:
    """Yield `workspace("gpu: off", files={…}, name=…)`, which creates project folders; remove them afterwards."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces
    workspaces.close()


@pytest.fixture(scope="session")
def shared_env(
    user: User,
    projects: Path,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> Iterator[SharedEnvironment]:
    """Yield the running environment for all tests that change nothing."""
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces("gpu: off\n", name="shared")
    try:
        with exclusive(IMAGE):
            up = run_envkit(["up", "--project", project], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        (container,) = engine.containers.list(filters=project_filter(str(project)))
        yield SharedEnvironment(project, up, container)
    finally:
        workspaces.close()


@pytest.fixture(scope="session")
def changing_env(
    user: User,
    projects: Path,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> Iterator[SharedEnvironment]:
    """Yield a second environment, whose configuration has most of the keys.

    Tests may restart, recreate and change it; `converged_env` converges it for the next test.
    """
    workspaces = Workspaces(user, projects, run_envkit, engine)
    user.own(_written(user.home / "team-key", TEAM_KEY), 0o600)
    user.folder(user.home / "dataset")
    project = workspaces(RICH_CONFIG, name="rich")
    try:
        up = run_envkit(["up", "--yes", "--verbose", "--project", project], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        (container,) = engine.containers.list(filters=project_filter(str(project)))
        yield SharedEnvironment(project, up, container)
    finally:
        workspaces.close()


@pytest.fixture
def converged_env(changing_env: SharedEnvironment, run_envkit: Envkit, engine: docker.DockerClient) -> Container:
    """Converge the second environment; return its container."""
    up = run_envkit(["up", "--project", changing_env.project])
    assert up.code == 0, str(up)
    (container,) = engine.containers.list(filters=project_filter(str(changing_env.project)))
    return container


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture(scope="session")
def image(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[str]:
    """Build the image of an unchanged plan, and yield its reference."""
    yield from _built("gpu: off\n", "image", Workspaces(user, projects, run_envkit, engine), run_envkit)


@pytest.fixture(scope="session")
def gpu_image(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[str]:
    """Build the image of a project with a GPU, on this machine without one; yield its reference."""
    yield from _built("gpu: on\n", "gpu-image", Workspaces(user, projects, run_envkit, engine), run_envkit)


def _built(config: str, name: str, workspaces: Workspaces, run_envkit: Envkit) -> Iterator[str]:
    with exclusive(IMAGE):
        built = run_envkit(["build", "--format", "json"], cwd=workspaces(config, name=name), timeout_s=FIRST_UP_S)
    assert built.code == 0, str(built)
    yield json.loads(built.out)["result"]["image"]
    workspaces.close()


@pytest.fixture(scope="session")
def inside(shared_env: SharedEnvironment) -> Inside:
    """Return `inside("id", "-u")` and `inside.sh("id -u")`, which run programs in the shared environment."""
    return Inside(shared_env.container)


@pytest.fixture(scope="session")
def jupyter(shared_env: SharedEnvironment, run_envkit: Envkit) -> Jupyter:
    """Return the shared environment's JupyterLab, with its token."""
    return jupyter_of(shared_env.project, shared_env.container, run_envkit)


@pytest.fixture(scope="session")
def compose(user: User, run_folder: Path) -> list[str]:
    """Return the command of Docker Compose, version 2 or later, for any user."""
    program = ROOT / ".cache/tools/bin/docker-compose"
    if not program.exists():
        pytest.fail("Docker Compose is missing: scripts/setup/tools.sh installs it", pytrace=False)
    if user.run(["test", "-x", program], cwd=Path("/")).code:
        program = Path(shutil.copy(program, run_folder / "docker-compose"))
        program.chmod(0o755)
    return [str(program)]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a browser."""
    candidates = (os.environ.get("ENVKIT_CHROMIUM", ""), *CHROMIUM)
    paths = [path for name in candidates if name and (path := shutil.which(name))]
    if not paths:
        pytest.fail("Chromium is missing: scripts/setup/tools.sh installs it", pytrace=False)
    return paths[0]


@pytest.fixture(scope="module")
def ssh(shared_env: SharedEnvironment, user: User, run_envkit: Envkit) -> Ssh:
    entry = run_envkit(["ssh-config", "--project", shared_env.project])
    assert entry.code == 0, str(entry)
    (config,) = user.home.glob(".local/state/envkit/*/shared-*/client/ssh_config")
    assert config.read_text() == entry.out
    return Ssh(user, config, str(shared_env.container.name))


@pytest.fixture
def folder(user: User, tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    """Return a new folder of the user outside all workspaces."""
    return user.folder(run_folder / tmp_path_factory.mktemp("ssh").name)


@pytest.fixture
def session(jupyter: Jupyter) -> Session:
    """Return the session of a logged-in browser."""
    return jupyter.login()
