"""`audit`: a default environment passes, and a weakened one fails the matching checks only."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from envkit import naming
from envkit.checks import audit
from envkit.observe import http_attacks
from tests.support.container_commands import Inside
from tests.support.envkit_process import wait_for_exit
from tests.support.jupyter_client import Jupyter, port_of
from tests.support.waiting import wait_until
from tests.support.weakened_containers import PYTHON, audit_inside, failed_checks, weakened

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from envkit.backends.backend import Backend
    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.workspaces import Envkit

TIMEOUT_S = 180


@pytest.mark.proves("an environment withstands the attacks of `envkit audit`", "real")
def test_environment_withstands_the_attacks(
    run_envkit: Envkit, shared_env: SharedEnvironment, engine: docker.DockerClient, user: User
) -> None:
    result = run_envkit(["audit", "--project", shared_env.project, "--format", "json"], timeout_s=TIMEOUT_S)
    report = json.loads(result.out)
    statuses = {finding["check"]: finding["status"] for finding in report["findings"]}
    assert result.code == 0, str(result)
    # JupyterLab listens on a port, not on a socket, and the SSH server on neither.
    assert {statuses.pop(check) for check in ("audit/socket", "audit/ssh-audit")} == {"skipped"}
    assert set(statuses.values()) == {"passed"}, statuses
    assert list(engine.containers.list(all=True, filters={"name": naming.neighbour_prefix(user.uid)})) == []


def test_interrupted_audit_leaves_no_clients_or_containers(
    run_envkit: Envkit, shared_env: SharedEnvironment, engine: docker.DockerClient, user: User
) -> None:
    def ssh_clients() -> list[list[str]]:
        processes = psutil.process_iter(["uids", "cmdline"])
        command_lines = [
            user_process.info["cmdline"] or []
            for user_process in processes
            if user_process.info["uids"].real == user.uid
        ]
        # An SSH agent checks every 10 s whether its client still runs.
        return [
            command_line
            for command_line in command_lines
            if command_line[:1] == ["ssh"] and "-oControlMaster=no" in command_line
        ]

    with run_envkit.start(["audit", "--project", shared_env.project]) as process:
        wait_until(lambda: len(ssh_clients()) > 1 or process.poll() is not None, "several SSH clients attack")
        process.send_signal(signal.SIGTERM)
        result = wait_for_exit(process)
    assert (result.code, "Traceback" in result.err) == (143, False), str(result)
    assert list(engine.containers.list(all=True, filters={"name": naming.neighbour_prefix(user.uid)})) == []
    wait_until(lambda: not ssh_clients(), "all SSH clients have exited", timeout_s=5)


def test_audit_needs_a_running_environment(run_envkit: Envkit, workspace: Any) -> None:
    result = run_envkit(["audit", "--project", workspace("gpu: off")])
    assert result.code in {2, 3}
    assert "Traceback" not in result.err


# A socket that every user may open, in a folder that every user may enter.
OPEN_SOCKET = """
import os, socket, time
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/envkit/jupyter.sock")
os.chmod("/run/envkit/jupyter.sock", 0o666)
os.chmod("/run/envkit", 0o755)
time.sleep(600)
"""
# By weakened setting: its change, and all checks that must fail, of the settings and in the container.
WEAKENED: dict[str, tuple[dict[str, dict[str, Any]], set[str]]] = {
    "nothing": ({}, set()),
    "the root file system": ({"HostConfig": {"ReadonlyRootfs": False}}, {"kernel"}),
    "new privileges": ({"HostConfig": {"SecurityOpt": []}}, {"privileges", "capabilities"}),
    "system calls": (
        {"HostConfig": {"SecurityOpt": ["no-new-privileges:true", "seccomp=unconfined"]}},
        {"privileges", "capabilities", "escapes"},
    ),
    # With it, the engine switches security labels off.
    "the host's processes": ({"HostConfig": {"PidMode": "host"}}, {"namespaces", "privileges", "escapes"}),
    "the host's control groups": ({"HostConfig": {"CgroupnsMode": "host"}}, {"namespaces"}),
    "limits": ({"HostConfig": {"Memory": 0, "MemorySwap": 0}}, {"limits"}),
    "a port on all addresses": (
        {"HostConfig": {"PortBindings": {"8888/tcp": [{"HostIp": "0.0.0.0", "HostPort": "0"}]}}},
        {"ports"},
    ),
    "a token as a variable": (
        {"Config": {"Env": ["PATH=/opt/tensorflow/bin:/usr/bin:/bin", "API_TOKEN=x"]}},
        {"environment", "secrets"},
    ),
    "root": (
        {"Config": {"User": "0:0"}},
        {"identity", "capabilities", "escapes"},
    ),
    "the socket's modes": ({"Config": {"Entrypoint": [PYTHON, "-c", OPEN_SOCKET], "Cmd": []}}, {"socket"}),
}


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
@pytest.mark.parametrize("case", WEAKENED)
def test_audit_finds_exactly_the_weakened_setting(
    case: str, engine: docker.DockerClient, envkit_backend: Backend, shared_env: SharedEnvironment
) -> None:
    change, expected = WEAKENED[case]
    with weakened(engine, shared_env, change) as container:
        if "socket" in expected:
            programs = Inside(engine.containers.get(container))
            wait_until(lambda: programs("test", "-S", "/run/envkit/jupyter.sock").code == 0, "the socket exists")
        assert failed_checks(audit_inside(envkit_backend, container)) == expected


@pytest.fixture(scope="module")
def stock(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Jupyter]:
    """Yield JupyterLab with its default settings, except a weak token and no XSRF check."""
    command = [
        "-m",
        "jupyterlab",
        "--ip=0.0.0.0",
        "--no-browser",
        "--IdentityProvider.token=jupyter",
        "--ServerApp.root_dir=/home",
        "--ServerApp.disable_check_xsrf=True",
        "--ServerApp.allow_origin=*",
    ]
    container = engine.containers.run(
        shared_env.container.attrs["Image"],
        command,
        entrypoint="/opt/jupyter/bin/python",
        detach=True,
        user="1000:1000",
        tmpfs={"/home": "uid=1000,exec"},
        environment={"HOME": "/home"},
        ports={"8888/tcp": ("127.0.0.1", 0)},
    )
    try:
        server = Jupyter(port_of(container), "jupyter")
        wait_until(lambda: server.responds("/api"), "the server with default settings answers")
        yield server
    finally:
        container.remove(force=True, v=True)


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
def test_audit_finds_weak_jupyterlab_settings(
    stock: Jupyter, envkit_backend: Backend, shared_env: SharedEnvironment
) -> None:
    inspection = envkit_backend.raw_inspection(str(shared_env.container.id))
    findings = audit.check(http_attacks.run_attacks(stock.port, stock.token, lambda: True), inspection)
    assert failed_checks(findings) == {
        "http-host",
        "http-guesses",
        "http-cookie",
        "frames",
        "http-origin",
        "http-forgery",
        "http-wrong-token",
        "websockets",
    }
