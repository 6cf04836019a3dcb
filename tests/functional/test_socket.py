"""JupyterLab on a socket, in a workspace without a network: its owner reaches it by SSH, and nobody else can knock."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envkit.checks.check import CHECKS
from tests.functional.inside import Inside
from tests.functional.openssh import Ssh, free_port, listens, send_and_receive, terminate
from tests.functional.traces import container, container_name, start_identity, state_folder
from tests.functional.twins import differences
from tests.functional.waiting import wait_until
from tests.functional.workspaces import Workspaces

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container

    from tests.functional.account import Ran, User
    from tests.functional.workspaces import Envkit

FIRST_UP_S = 1500
SOCKET = "/run/envkit/jupyter.sock"
ALONE = "gpu: off\njupyter: {socket: true}\nnetwork: {mode: none}\n"
# Stands for the user's browser: hands the page over to the test.
BROWSER = '#!/bin/sh\nprintf %%s "${1#file://}" > %s.part && mv %s.part %s\n'
ADDRESS = re.compile(r'location\.replace\("http://127\.0\.0\.1:(\d+)(/lab\?token=[A-Za-z0-9_-]+)"\)')


@dataclass(frozen=True)
class Alone:
    """An environment without any port and without a network."""

    project: Path
    up: Ran
    ssh: Ssh
    engine: docker.DockerClient
    envkit: Envkit

    @property
    def container(self) -> Container:
        """Return its container as it is now."""
        return container(self.engine, self.ssh.user, self.project)

    @property
    def inside(self) -> Inside:
        """Return its container, to run programs in."""
        return Inside(self.container)

    def run(self, *args: str) -> Ran:
        """Run envkit in its project."""
        return self.envkit(args, cwd=self.project)

    @property
    def token(self) -> str:
        """Return JupyterLab's token."""
        return self.run("token", "--show").out.strip()


@pytest.fixture(scope="module")
def alone_env(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Alone]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces(ALONE, name="alone")
    try:
        up = run_envkit(["up", "--project", project], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        ssh = Ssh(user, state_folder(user, project) / "client/ssh_config", container_name(user, project))
        yield Alone(project, up, ssh, engine, run_envkit)
    finally:
        workspaces.close()


def asked(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    """Ask for a path at a port of loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}", **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


# Nothing to knock at.


@pytest.mark.proves("with `jupyter.socket` there is no port at all, and no network where that is asked for", "real")
def test_there_is_no_port_and_no_network(alone_env: Alone) -> None:
    found = alone_env.container
    assert found.ports == {}
    assert not found.attrs["HostConfig"]["PortBindings"]
    assert list(found.attrs["NetworkSettings"]["Networks"]) == ["none"]
    assert alone_env.engine.networks.list(names=[str(found.name)]) == []
    assert alone_env.inside.sh("cd /sys/class/net && echo *").out == "lo\n"
    assert alone_env.inside("curl", "--silent", "--max-time", "5", "http://10.0.0.1").code == 7


@pytest.mark.proves("with `jupyter.socket` there is no port at all, and no network where that is asked for", "real")
def test_nothing_listens_but_the_socket_in_a_folder_of_the_users_own(alone_env: Alone) -> None:
    found = alone_env.inside.sh(f"stat -c '%F %a %U' {SOCKET} /run/envkit; cat /proc/net/tcp /proc/net/tcp6")
    lines = found.out.splitlines()
    assert lines[:2] == ["socket 600 dev", "directory 700 dev"]
    listening = {line.split()[1].rsplit(":", 1)[0] for line in lines[2:] if line.split()[3] == "0A"}
    assert listening <= {"0100007F"}  # TensorBoard, behind the login


def test_the_up_proved_it_and_says_how_to_get_in(alone_env: Alone) -> None:
    assert "TensorFlow 2.9.0 computes on CPU" in alone_env.up.out
    assert "envkit open" in alone_env.up.out
    assert f"envkit ssh -N -L PORT:{SOCKET}" in alone_env.up.out
    assert "127.0.0.1" not in alone_env.up.out


def test_a_second_up_does_nothing(alone_env: Alone) -> None:
    before = start_identity(alone_env.container)
    again = alone_env.run("up")
    assert "nothing changed" in again.out
    assert start_identity(alone_env.container) == before
    assert "running" in alone_env.run("status").out


def test_the_engine_calls_it_healthy(alone_env: Alone) -> None:
    wait_until(lambda: alone_env.container.attrs["State"]["Health"]["Status"] == "healthy", "it is healthy")


# Its owner's way in.


@contextmanager
def opening(alone_env: Alone, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run `envkit open`; yield it with the port and the path that a browser was sent to."""
    user, page, script = alone_env.ssh.user, folder / "page", folder / "browser"
    script.write_text(BROWSER % (page, page, page))
    user.own(script, 0o755)
    process = alone_env.envkit.start(["open"], cwd=alone_env.project, env={"BROWSER": f"{script} %s"})
    try:
        wait_until(lambda: page.exists() or process.poll() is not None, "the browser got a page")
        assert page.exists(), process.communicate()
        text = Path(page.read_text()).read_text()
        found = ADDRESS.search(text)
        assert found, text
        yield process, found[1], found[2]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def folder(user: User, tmp_path_factory: pytest.TempPathFactory, place: Path) -> Path:
    return user.folder(place / tmp_path_factory.mktemp("alone").name)


@pytest.mark.proves("`envkit open` forwards a port to JupyterLab's socket for as long as it runs", "real")
def test_open_forwards_a_port_until_it_is_interrupted(alone_env: Alone, folder: Path) -> None:
    token = alone_env.token
    with opening(alone_env, folder) as (process, port, path):
        assert path.endswith(token)
        assert asked(int(port), path)[0] == 200  # which is how a browser logs in
        assert asked(int(port), "/api/contents", Authorization=f"token {token}")[0] == 200
        assert process.stdout is not None
        assert process.stdout.readline().endswith(f"is open in your browser: http://127.0.0.1:{port}/lab\n")
        assert process.stdout.readline() == "this address works until you press Ctrl-C\n"
        assert token not in arguments()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    (told,) = err.splitlines()
    assert "waiting for the browser" in told
    wait_until(lambda: not listens(int(port)), "the forwarded port is gone")


def arguments() -> str:
    """Return the arguments of every process of this host."""
    said = ""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            said += path.read_bytes().replace(b"\0", b" ").decode(errors="replace") + "\n"
    return said


def test_without_a_browser_the_forward_stays_for_one_elsewhere(alone_env: Alone) -> None:
    process = alone_env.envkit.start(["open"], cwd=alone_env.project, env={"BROWSER": "/bin/false"})
    assert process.stdout is not None
    try:
        told = [process.stdout.readline() for _ in range(3)]
        found = re.search(r"http://127\.0\.0\.1:(\d+)/lab", told[0])
        assert found, told
        port = int(found[1])
        assert f"ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST" in told[1]
        assert asked(port, "/api/contents", Authorization=f"token {alone_env.token}")[0] == 200
    finally:
        os.killpg(process.pid, signal.SIGINT)
        rest, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert alone_env.token not in "".join(told) + rest + err


def test_a_forward_that_cannot_be_had_ends_with_the_reason(alone_env: Alone) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = alone_env.run("ssh", "-N", "-L", f"127.0.0.1:{taken.getsockname()[1]}:{SOCKET}")
    assert (done.code, "Address already in use" in done.err) == (255, True), str(done)


@pytest.fixture(scope="module")
def through(alone_env: Alone) -> Iterator[int]:
    """Yield a port that a forward of `envkit ssh` leads to the socket from."""
    port = free_port()
    line: list[str | Path] = ["ssh", "-N", "-L", f"{port}:{SOCKET}"]
    client = alone_env.envkit.start(line, cwd=alone_env.project)
    try:
        wait_until(lambda: listens(port) or client.poll() is not None, "the forward stands")
        yield port
    finally:
        wait_until(lambda: terminate(client), "the client ended")


def test_envkit_ssh_forwards_to_the_socket_by_hand(through: int) -> None:
    status, body = asked(through, "/api")
    assert (status, b'"version"' in body) == (200, True)


@pytest.mark.parametrize("path", ["/api/status", "/api/contents", "/tensorboard/", "/lab"])
def test_through_the_forward_the_token_is_asked_for(alone_env: Alone, through: int, path: str) -> None:
    assert asked(through, path)[0] in {302, 403}
    assert asked(through, path, Authorization=f"token {alone_env.token}")[0] == 200


def test_another_host_name_is_refused_even_with_the_token(alone_env: Alone, through: int) -> None:
    given = {"Host": "evil.example", "Authorization": f"token {alone_env.token}"}
    assert asked(through, "/api/status", **given)[0] == 403


def test_no_other_socket_is_let_through(alone_env: Alone) -> None:
    for path in ("/run/envkit/other.sock", "/run/envkit/../envkit/jupyter.sock"):
        with alone_env.ssh.forwarded(path) as port:
            assert send_and_receive(port) == b""
    backwards = ["-o", "ExitOnForwardFailure=yes", "-R", "/tmp/any.sock:127.0.0.1:1"]
    assert alone_env.ssh(*backwards, "HOST", "true").code == 255


def test_a_login_works_without_a_network(alone_env: Alone) -> None:
    done = alone_env.run("ssh", "python -c 'import tensorflow as tf; print(int(tf.reduce_sum([20, 22])))'")
    assert (done.code, done.out) == (0, "42\n")


@pytest.mark.proves("an environment withstands the attacks of `envkit audit`", "real")
def test_an_audit_attacks_jupyterlab_through_the_forward(alone_env: Alone) -> None:
    done = alone_env.run("audit", "--format", "json")
    found = {one["check"]: one["status"] for one in json.loads(done.out)["findings"]}
    attacked = {name: status for name, status in found.items() if name.startswith("audit/http")}
    every = {name for name in CHECKS if name.startswith("audit/http")}
    assert (done.code, attacked) == (0, dict.fromkeys(every, "passed")), str(done)


# Both launchers, and the way back.


def test_compose_starts_the_same_container(alone_env: Alone, compose: list[str]) -> None:
    ours, user = dict(alone_env.container.attrs), alone_env.ssh.user
    file = state_folder(user, alone_env.project) / "rendered/compose.yaml"
    for words in (["down"], ["up", "--detach"]):
        done = user.run([*compose, "--file", file, *words], timeout_s=120)
        assert done.code == 0, str(done)
    assert differences(ours, dict(alone_env.container.attrs)) == {}
    again = alone_env.run("up")
    assert "nothing changed" in again.out


def test_the_network_and_the_port_come_back_with_the_config(alone_env: Alone) -> None:
    (alone_env.project / "envkit.yaml").write_text("gpu: off\n")
    up = alone_env.run("up")
    assert up.code == 0, str(up)
    assert set(alone_env.container.ports) == {"8888/tcp"}
    assert "/run/envkit" not in up.out
    with alone_env.ssh.forwarded(SOCKET) as port:
        assert send_and_receive(port) == b""
    (alone_env.project / "envkit.yaml").write_text(ALONE)
    assert alone_env.run("up").code == 0
    assert alone_env.engine.networks.list(names=[str(alone_env.container.name)]) == []
