"""`audit` finds every difference from what `up` made, in the container, in its image, in its files and around it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.conftest import FIRST_UP_S
from tests.support.waiting import wait_until
from tests.support.weakened_containers import PYTHON, derived_image, recreate
from tests.support.workspaces import Workspaces, project_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import docker
    from docker.models.containers import Container

    from tests.support.account import User
    from tests.support.workspaces import Envkit

    Change = Callable[["Weakened"], AbstractContextManager[object]]

TIMEOUT_S = 180
LISTENER = "import socket, time; listener = socket.create_server(('0.0.0.0', 4444)); time.sleep(600)"


class Weakened:
    """A running environment, and what a change of it needs."""

    def __init__(self, engine: docker.DockerClient, project: Path, user: User) -> None:
        self.engine, self.project, self.user = engine, project, user

    @property
    def container(self) -> Container:
        """Return the environment's current container."""
        (container,) = self.engine.containers.list(filters=project_filter(str(self.project)))
        return container

    @property
    def state(self) -> Path:
        """Return the state folder of the environment."""
        return next((self.user.home / ".local/state/envkit/local").glob(f"{self.project.name}-*"))


@pytest.fixture(scope="module")
def weakened(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Weakened]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces("gpu: off\n", name="weakened")
    try:
        assert run_envkit(["up", "--project", project], timeout_s=FIRST_UP_S).code == 0
        yield Weakened(engine, project, user)
    finally:
        workspaces.close()


def setting(**changes: dict[str, Any]) -> Change:
    """Recreate the container with other settings."""

    @contextmanager
    def change(env: Weakened) -> Iterator[None]:
        recreate(env.engine, env.container, changes)
        yield

    return change


def image(*instructions: str) -> Change:
    """Recreate the container with an image that has further instructions."""

    @contextmanager
    def change(env: Weakened) -> Iterator[None]:
        with derived_image(env.engine, str(env.container.attrs["Image"]), instructions) as ref:
            recreate(env.engine, env.container, {"Config": {"Image": ref}})
            yield
            env.container.remove(force=True)

    return change


def program(*argv: str, user: str = "") -> Change:
    """Run a program in the container."""

    @contextmanager
    def change(env: Weakened) -> Iterator[None]:
        env.container.exec_run(list(argv), user=user, detach=True)
        wait_until(lambda: argv[-1] in str(env.container.top()["Processes"]), "the program runs")
        yield
        env.container.restart(timeout=1)

    return change


def file(name: str, text: str = "", mode: int | None = None) -> Change:
    """Put a text before that of a file of the state folder, or change its mode."""

    @contextmanager
    def change(env: Weakened) -> Iterator[None]:
        path = env.state / name
        old, old_mode = path.read_text(), path.stat().st_mode
        path.write_text(text + old)
        path.chmod(old_mode if mode is None else mode)
        yield
        path.write_text(old)
        path.chmod(old_mode)

    return change


@contextmanager
def replaced_config(env: Weakened) -> Iterator[None]:
    """Replace the configuration by a copy, as editors do."""
    config, copy = env.project / "envkit.yaml", env.project / "copy"
    copy.write_bytes(config.read_bytes())
    env.user.own(copy, 0o644)
    copy.rename(config)
    yield
    env.container.restart(timeout=1)


@contextmanager
def foreign_neighbour(env: Weakened) -> Iterator[None]:
    container = env.engine.containers.run(
        env.container.attrs["Image"],
        ["600"],
        entrypoint="/bin/sleep",
        detach=True,
        network=env.container.name,
    )
    yield
    container.remove(force=True)


# By change: itself, and checks that must fail.
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "root's group": (setting(Config={"User": "+:0"}), {"identity"}),
    "log limit": (
        setting(HostConfig={"LogConfig": {"Type": "json-file", "Config": {"max-size": "9t", "max-file": "3"}}}),
        {"limits"},
    ),
    "a variable": (setting(Config={"Env": ["+DB_PASS=x"]}), {"environment", "secrets"}),
    "a mount of the host": (setting(HostConfig={"Binds": ["/srv:/data"]}), {"mounts"}),
    "a mount over settings": (setting(HostConfig={"Binds": ["/srv:/etc/envkit/jupyter"]}), {"mounts", "tampering"}),
    "a SUID program": (image("RUN cp /bin/true /opt/gains && chmod 4755 /opt/gains"), {"plan", "rights"}),
    "a setting of the server": (image("RUN echo {} > /etc/envkit/jupyter/x.json"), {"plan", "tampering"}),
    "a process of root": (program("sleep", "333", user="0:0"), {"capabilities"}),
    "a listener": (program(PYTHON, "-c", LISTENER), {"neighbours", "escapes"}),
    "a readable token": (file("mount/token", mode=0o644), {"secrets"}),
    "another key": (file("mount/authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPPP x\n"), {"ssh-keys"}),
    "other users by SSH": (file("mount/sshd_config", "AllowUsers *\n"), {"ssh-users"}),
    "certificates by SSH": (file("mount/sshd_config", "TrustedUserCAKeys /workspace/ca\n"), {"ssh-keys"}),
    "a replaced config": (replaced_config, {"mounts", "tampering"}),
    "another container": (foreign_neighbour, {"network"}),
}


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
@pytest.mark.parametrize("name", CHANGES)
def test_audit_finds_each_difference(name: str, weakened: Weakened, run_envkit: Envkit) -> None:
    change, expected = CHANGES[name]
    try:
        with change(weakened):
            result = run_envkit(["audit", "--project", weakened.project, "--format", "json"], timeout_s=TIMEOUT_S)
    finally:
        run_envkit(["down", "--project", weakened.project])
        run_envkit(["up", "--project", weakened.project], timeout_s=FIRST_UP_S)
    statuses = {finding["check"]: finding["status"] for finding in json.loads(result.out)["findings"]}
    failed = {check.removeprefix("audit/") for check, status in statuses.items() if status == "failed"}
    assert expected <= failed, result.out
    assert result.code == 1
