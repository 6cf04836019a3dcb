"""JupyterLab on a Unix socket, in a workspace without a network: only its owner reaches it, through SSH."""

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
from tests.support.container_commands import Inside
from tests.support.container_diff import differences
from tests.support.environment_traces import container, container_name, start_identity, state_folder
from tests.support.openssh import Ssh, free_port, listens, send_and_receive, terminate
from tests.support.waiting import wait_until
from tests.support.workspaces import Workspaces

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container

    from tests.support.account import CommandResult, User
    from tests.support.workspaces import Envkit

FIRST_UP_S = 1500
SOCKET = "/run/envkit/jupyter.sock"
CONFIG = "gpu: off\njupyter: {socket: true}\nnetwork: {mode: none}\n"
# Replaces the user's browser, and writes the address of the page to a file.
BROWSER = '#!/bin/sh\nprintf %%s "${1#file://}" > %s.part && mv %s.part %s\n'
ADDRESS = re.compile(r'location\.replace\("http://127\.0\.0\.1:(\d+)(/lab\?token=[A-Za-z0-9_-]+)"\)')


@dataclass(frozen=True)
class IsolatedEnvironment:
    """An environment without ports and without a network."""

    project: Path
    up: CommandResult
    ssh: Ssh
    engine: docker.DockerClient
    envkit: Envkit

    @property
    def container(self) -> Container:
        """Return its current container."""
        return container(self.engine, self.ssh.user, self.project)

    @property
    def inside(self) -> Inside:
        """Return a runner of programs in its container."""
        return Inside(self.container)

    def run(self, *args: str) -> CommandResult:
        """Run envkit in its project."""
        return self.envkit(args, cwd=self.project)

    @property
    def token(self) -> str:
        """Return JupyterLab's token."""
        return self.run("token", "--show").out.strip()


@pytest.fixture(scope="module")
def isolated_env(
    user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient
) -> Iterator[IsolatedEnvironment]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces(CONFIG, name="isolated")
    try:
        up = run_envkit(["up", "--project", project], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        ssh = Ssh(user, state_folder(user, project) / "client/ssh_config", container_name(user, project))
        yield IsolatedEnvironment(project, up, ssh, engine, run_envkit)
    finally:
        workspaces.close()


def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    """Request a path from a loopback port; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}", **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


# No ports and no network.


@pytest.mark.proves("with `jupyter.socket` there is no port, and with `network.mode: none` no network either", "real")
def test_environment_has_no_port_and_no_network(isolated_env: IsolatedEnvironment) -> None:
    isolated = isolated_env.container
    assert isolated.ports == {}
    assert not isolated.attrs["HostConfig"]["PortBindings"]
    assert list(isolated.attrs["NetworkSettings"]["Networks"]) == ["none"]
    assert isolated_env.engine.networks.list(names=[str(isolated.name)]) == []
    assert isolated_env.inside.sh("cd /sys/class/net && echo *").out == "lo\n"
    assert isolated_env.inside("curl", "--silent", "--max-time", "5", "http://10.0.0.1").code == 7


@pytest.mark.proves("with `jupyter.socket` there is no port, and with `network.mode: none` no network either", "real")
def test_only_a_private_socket_listens(isolated_env: IsolatedEnvironment) -> None:
    result = isolated_env.inside.sh(f"stat -c '%F %a %U' {SOCKET} /run/envkit; cat /proc/net/tcp /proc/net/tcp6")
    lines = result.out.splitlines()
    assert lines[:2] == ["socket 600 dev", "directory 700 dev"]
    listening = {line.split()[1].rsplit(":", 1)[0] for line in lines[2:] if line.split()[3] == "0A"}
    assert listening <= {"0100007F"}  # TensorBoard, behind the login


def test_up_verifies_it_and_prints_how_to_connect(isolated_env: IsolatedEnvironment) -> None:
    assert "TensorFlow 2.9.0 computes on CPU" in isolated_env.up.out
    assert "envkit open" in isolated_env.up.out
    assert f"envkit ssh -N -L PORT:{SOCKET}" in isolated_env.up.out
    assert "127.0.0.1" not in isolated_env.up.out


def test_second_up_changes_nothing(isolated_env: IsolatedEnvironment) -> None:
    before = start_identity(isolated_env.container)
    assert "nothing changed" in isolated_env.run("up").out
    assert start_identity(isolated_env.container) == before
    assert "running" in isolated_env.run("status").out


def test_engine_reports_it_healthy(isolated_env: IsolatedEnvironment) -> None:
    wait_until(lambda: isolated_env.container.attrs["State"]["Health"]["Status"] == "healthy", "it is healthy")


# Access by the owner.


@contextmanager
def opening(isolated_env: IsolatedEnvironment, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run `envkit open`; yield its process, and the port and the path that the browser opens."""
    user, page, script = isolated_env.ssh.user, folder / "page", folder / "browser"
    script.write_text(BROWSER % (page, page, page))
    user.own(script, 0o755)
    process = isolated_env.envkit.start(["open"], cwd=isolated_env.project, env={"BROWSER": f"{script} %s"})
    try:
        wait_until(lambda: page.exists() or process.poll() is not None, "the browser received a page")
        assert page.exists(), process.communicate()
        text = Path(page.read_text()).read_text()
        address = ADDRESS.search(text)
        assert address, text
        yield process, address[1], address[2]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def folder(user: User, tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    return user.folder(run_folder / tmp_path_factory.mktemp("isolated").name)


@pytest.mark.proves("`envkit open` forwards a port to JupyterLab's socket for as long as it runs", "real")
def test_open_forwards_a_port_until_interrupted(isolated_env: IsolatedEnvironment, folder: Path) -> None:
    token = isolated_env.token
    with opening(isolated_env, folder) as (process, port, path):
        assert path.endswith(token)
        assert get(int(port), path)[0] == 200  # a browser logs in with this address
        assert get(int(port), "/api/contents", Authorization=f"token {token}")[0] == 200
        assert process.stdout is not None
        assert process.stdout.readline().endswith(f"is open in your browser: http://127.0.0.1:{port}/lab\n")
        assert process.stdout.readline() == "this address works until you press Ctrl-C\n"
        assert token not in command_lines()
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    (progress,) = err.splitlines()
    assert "] open: " in progress
    wait_until(lambda: not listens(int(port)), "the forwarded port is closed")


def command_lines() -> str:
    """Return the command lines of all processes of this host."""
    text = ""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has exited
            text += path.read_bytes().replace(b"\0", b" ").decode(errors="replace") + "\n"
    return text


def test_open_without_a_browser_forwards_for_a_remote_browser(isolated_env: IsolatedEnvironment) -> None:
    process = isolated_env.envkit.start(["open"], cwd=isolated_env.project, env={"BROWSER": "/bin/false"})
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(3)]
        address = re.search(r"http://127\.0\.0\.1:(\d+)/lab", lines[0])
        assert address, lines
        port = int(address[1])
        assert f"ssh -L {port}:127.0.0.1:{port} USER@THIS-HOST" in lines[1]
        assert get(port, "/api/contents", Authorization=f"token {isolated_env.token}")[0] == 200
    finally:
        os.killpg(process.pid, signal.SIGINT)
        remaining_output, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert isolated_env.token not in "".join(lines) + remaining_output + err


def test_failed_forward_prints_the_reason(isolated_env: IsolatedEnvironment) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        result = isolated_env.run("ssh", "-N", "-L", f"127.0.0.1:{listener.getsockname()[1]}:{SOCKET}")
    assert (result.code, "Address already in use" in result.err) == (255, True), str(result)


@pytest.fixture(scope="module")
def forwarded_port(isolated_env: IsolatedEnvironment) -> Iterator[int]:
    """Yield a port that `envkit ssh` forwards to the socket."""
    port = free_port()
    arguments: list[str | Path] = ["ssh", "-N", "-L", f"{port}:{SOCKET}"]
    client = isolated_env.envkit.start(arguments, cwd=isolated_env.project)
    try:
        wait_until(lambda: listens(port) or client.poll() is not None, "the port is forwarded")
        yield port
    finally:
        wait_until(lambda: terminate(client), "the client exited")


def test_envkit_ssh_forwards_a_port_to_the_socket(forwarded_port: int) -> None:
    status, body = get(forwarded_port, "/api")
    assert (status, b'"version"' in body) == (200, True)


def test_forwarded_port_requires_the_token(isolated_env: IsolatedEnvironment, forwarded_port: int) -> None:
    for path in ("/api/status", "/api/contents", "/tensorboard/", "/lab"):
        assert get(forwarded_port, path)[0] in {302, 403}, path
        assert get(forwarded_port, path, Authorization=f"token {isolated_env.token}")[0] == 200, path


def test_other_host_name_is_refused_with_the_token(isolated_env: IsolatedEnvironment, forwarded_port: int) -> None:
    headers = {"Host": "evil.example", "Authorization": f"token {isolated_env.token}"}
    assert get(forwarded_port, "/api/status", **headers)[0] == 403


def test_no_other_socket_can_be_forwarded(isolated_env: IsolatedEnvironment) -> None:
    for path in ("/run/envkit/other.sock", "/run/envkit/../envkit/jupyter.sock"):
        with isolated_env.ssh.forwarded(path) as port:
            assert send_and_receive(port) == b""
    remote_forward = ["-o", "ExitOnForwardFailure=yes", "-R", "/tmp/any.sock:127.0.0.1:1"]
    assert isolated_env.ssh(*remote_forward, "HOST", "true").code == 255


def test_login_works_without_a_network(isolated_env: IsolatedEnvironment) -> None:
    login = isolated_env.run("ssh", "python -c 'import tensorflow as tf; print(int(tf.reduce_sum([20, 22])))'")
    assert (login.code, login.out) == (0, "42\n")


@pytest.mark.proves("an environment withstands the attacks of `envkit audit`", "real")
def test_audit_attacks_jupyterlab_through_a_forward(isolated_env: IsolatedEnvironment) -> None:
    audit = isolated_env.run("audit", "--format", "json")
    statuses = {finding["check"]: finding["status"] for finding in json.loads(audit.out)["findings"]}
    http_statuses = {name: status for name, status in statuses.items() if name.startswith("audit/http")}
    http_checks = {name for name in CHECKS if name.startswith("audit/http")}
    assert (audit.code, http_statuses) == (0, dict.fromkeys(http_checks, "passed")), str(audit)


# Docker Compose, and the way back to a network.


def test_compose_starts_an_equal_container(isolated_env: IsolatedEnvironment, compose: list[str]) -> None:
    before, user = dict(isolated_env.container.attrs), isolated_env.ssh.user
    file = state_folder(user, isolated_env.project) / "rendered/compose.yaml"
    for arguments in (["down"], ["up", "--detach"]):
        result = user.run([*compose, "--file", file, *arguments], timeout_s=120)
        assert result.code == 0, str(result)
    assert differences(before, dict(isolated_env.container.attrs)) == {}
    assert "nothing changed" in isolated_env.run("up").out


def test_network_and_port_return_with_the_config(isolated_env: IsolatedEnvironment) -> None:
    (isolated_env.project / "envkit.yaml").write_text("gpu: off\n")
    up = isolated_env.run("up")
    assert up.code == 0, str(up)
    assert set(isolated_env.container.ports) == {"8888/tcp"}
    assert "/run/envkit" not in up.out
    with isolated_env.ssh.forwarded(SOCKET) as port:
        assert send_and_receive(port) == b""
    (isolated_env.project / "envkit.yaml").write_text(CONFIG)
    assert isolated_env.run("up").code == 0
    assert isolated_env.engine.networks.list(names=[str(isolated_env.container.name)]) == []
