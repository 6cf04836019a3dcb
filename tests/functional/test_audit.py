"""Our own attacks: an environment as envkit makes it withstands them, a weakened one fails by what was weakened."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from envkit import naming
from envkit.backends.docker import leak_scan
from envkit.checks import audit
from envkit.observe import http_attacks
from tests.functional.inside import Inside
from tests.functional.jupyter import Jupyter, port_of
from tests.functional.processes import ended
from tests.functional.waiting import wait_until
from tests.functional.weak import PYTHON, failures, looked_inside, weakened

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from envkit.backends.docker.client import Engine
    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.workspaces import Envkit

TIMEOUT_S = 180


@pytest.mark.proves("an environment withstands the attacks of `envkit audit`", "real")
def test_an_environment_as_envkit_makes_it_withstands(
    run_envkit: Envkit, shared_env: SharedEnvironment, engine: docker.DockerClient, user: User
) -> None:
    done = run_envkit(["audit", "--project", shared_env.project, "--format", "json"], timeout_s=TIMEOUT_S)
    report = json.loads(done.out)
    outcome = {one["check"]: one["status"] for one in report["findings"]}
    assert done.code == 0, str(done)
    # JupyterLab listens at a port here and no socket, and the SSH server at none.
    assert {outcome.pop(check) for check in ("audit/socket", "audit/ssh-audit")} == {"skipped"}
    assert set(outcome.values()) == {"passed"}, outcome
    assert list(engine.containers.list(all=True, filters={"name": naming.neighbour_prefix(user.uid)})) == []


def test_an_audit_that_is_ended_leaves_neither_clients_nor_containers(
    run_envkit: Envkit, shared_env: SharedEnvironment, engine: docker.DockerClient, user: User
) -> None:
    def attackers() -> list[list[str]]:
        run = psutil.process_iter(["uids", "cmdline"])
        lines = [one.info["cmdline"] or [] for one in run if one.info["uids"].real == user.uid]
        # The agent of one of them looks every 10 s whether its client is still there, and ends then.
        return [words for words in lines if words[:1] == ["ssh"] and "-oControlMaster=no" in words]

    with run_envkit.start(["audit", "--project", shared_env.project]) as process:
        wait_until(lambda: len(attackers()) > 1 or process.poll() is not None, "SSH is attacked by several clients")
        process.send_signal(signal.SIGTERM)
        done = ended(process)
    assert (done.code, "Traceback" in done.err) == (143, False), str(done)
    assert list(engine.containers.list(all=True, filters={"name": naming.neighbour_prefix(user.uid)})) == []
    wait_until(lambda: not attackers(), "no client is left", timeout_s=5)


def test_what_does_not_run_cannot_be_attacked(run_envkit: Envkit, workspace: Any) -> None:
    done = run_envkit(["audit", "--project", workspace("gpu: off")])
    assert done.code in {2, 3}
    assert "Traceback" not in done.err


# Listens on a socket that everybody may open, in a folder that everybody may enter.
OPEN_SOCKET = """
import os, socket, time
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/envkit/jupyter.sock")
os.chmod("/run/envkit/jupyter.sock", 0o666)
os.chmod("/run/envkit", 0o755)
time.sleep(600)
"""
# What is weakened; and what the audit must find then, in settings and inside: these and no others.
WEAK: dict[str, tuple[dict[str, dict[str, Any]], set[str]]] = {
    "nothing": ({}, set()),
    "the root file system": ({"HostConfig": {"ReadonlyRootfs": False}}, {"kernel"}),
    "new privileges": ({"HostConfig": {"SecurityOpt": []}}, {"privileges", "capabilities"}),
    "system calls": (
        {"HostConfig": {"SecurityOpt": ["no-new-privileges:true", "seccomp=unconfined"]}},
        {"privileges", "capabilities", "escapes"},
    ),
    # The engine itself switches labels off for that.
    "the host's processes": ({"HostConfig": {"PidMode": "host"}}, {"namespaces", "privileges", "escapes"}),
    "the host's control groups": ({"HostConfig": {"CgroupnsMode": "host"}}, {"namespaces"}),
    "limits": ({"HostConfig": {"Memory": 0, "MemorySwap": 0}}, {"limits"}),
    "a port for everybody": (
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
@pytest.mark.parametrize("what", WEAK)
def test_what_was_weakened_is_found_and_nothing_else(
    what: str, engine: docker.DockerClient, reached: Engine, shared_env: SharedEnvironment
) -> None:
    change, expected = WEAK[what]
    with weakened(engine, shared_env, change) as container:
        if "socket" in expected:
            there = Inside(engine.containers.get(container))
            wait_until(lambda: there("test", "-S", "/run/envkit/jupyter.sock").code == 0, "there is a socket")
        assert failures(looked_inside(reached, container)) == expected


@pytest.fixture(scope="module")
def stock(engine: docker.DockerClient, shared_env: SharedEnvironment) -> Iterator[Jupyter]:
    """Yield JupyterLab with the settings it comes with, but for a token that a person chose, and no XSRF check."""
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
        wait_until(lambda: server.answers("/api"), "the server with stock settings answers")
        yield server
    finally:
        container.remove(force=True, v=True)


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "real")
def test_jupyterlab_with_weak_settings_fails_by_those(
    stock: Jupyter, reached: Engine, shared_env: SharedEnvironment
) -> None:
    locked = leak_scan.inspect_container(reached, str(shared_env.container.id))
    found = audit.check(http_attacks.run_attacks(stock.port, stock.token, lambda: True), locked)
    assert failures(found) == {
        "http-host",
        "http-guesses",
        "http-cookie",
        "frames",
        "http-origin",
        "http-forgery",
        "http-wrong-token",
        "websockets",
    }
