"""The owner of a busy port is an environment of the caller, a container, a process, or unknown."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import backends, config, naming, state
from envkit.backends import endpoint
from envkit.backends.docker import fast_inspect
from envkit.backends.docker.backend import DockerBackend
from envkit.environment import planning
from envkit.environment.project import Project
from envkit.environment.remote import ports as remote_ports
from envkit.errors import EngineUnavailable
from envkit.model.state import State
from envkit.net import ports
from envkit.net.ports import UNKNOWN_PROCESS
from envkit.observe import doctor
from envkit.observe.port_owner import find_owner

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT, REMOTE_ENDPOINT = "unix:///x", "ssh://far"
PROCESS = "nc (process 7)"
OWN_ENVIRONMENT = "your environment nv (envkit down --name nv)"


@pytest.fixture(autouse=True)
def _saved_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the state of an environment with port 8890, on this engine and forwarded as 9001 on a remote one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", ENDPOINT)
    saved_state = State("nv", "/nv", port=8890, ssh_port=2300, forwarded={"8890": 9001})
    for address in (ENDPOINT, REMOTE_ENDPOINT):
        state.save(state.directory(address, "/nv"), saved_state)


def backend(labels: dict[str, str] | None = None, **changes: Any) -> DockerBackend:
    """Return the backend of a fake engine with a container that publishes a port."""
    port = {"IP": "127.0.0.1", "PublicPort": 8890, "Type": "tcp", **changes}
    containers = [{"Id": "0" * 64, "Names": ["/web"], "Labels": labels, "Ports": [port]}]
    engine: Any = SimpleNamespace(endpoint=ENDPOINT, api=SimpleNamespace(containers=lambda: containers))
    return DockerBackend(engine)


OWN_LABELS, OTHER_LABELS = naming.labels(os.getuid(), "nv", "/nv"), naming.labels(4711, "other", "/other")


@pytest.mark.proves("the error for a taken port names its holder: an environment, a container or a process", "real")
def test_the_owner_of_a_port_is_described() -> None:
    cases: list[tuple[Any, str, str]] = [
        (backend(OWN_LABELS), UNKNOWN_PROCESS, OWN_ENVIRONMENT),
        (backend(OWN_LABELS), "docker-proxy (process 9)", OWN_ENVIRONMENT),
        (backend(OTHER_LABELS), UNKNOWN_PROCESS, "the environment other of user 4711"),
        (backend(), UNKNOWN_PROCESS, "the container web"),
        (backend(IP="0.0.0.0"), UNKNOWN_PROCESS, "the container web"),
        (backend(IP="192.0.2.1"), UNKNOWN_PROCESS, UNKNOWN_PROCESS),
        (backend(Type="udp"), PROCESS, PROCESS),
        (backend(PublicPort=8891), UNKNOWN_PROCESS, UNKNOWN_PROCESS),  # the saved environment is down
        (None, UNKNOWN_PROCESS, OWN_ENVIRONMENT),
        (None, PROCESS, PROCESS),
    ]
    for asked_backend, listener, owner in cases:
        assert find_owner(asked_backend, ENDPOINT, 8890, listener) == owner, (asked_backend, listener)


def test_without_an_engine_the_last_environment_owns_the_port() -> None:
    owners = [find_owner(None, ENDPOINT, port, UNKNOWN_PROCESS) for port in (2300, 8888)]
    assert owners == [OWN_ENVIRONMENT, UNKNOWN_PROCESS]


def test_the_command_that_frees_a_port_names_the_engine() -> None:
    with endpoint.override(REMOTE_ENDPOINT):
        owner = find_owner(backend(OWN_LABELS), REMOTE_ENDPOINT, 8890, UNKNOWN_PROCESS)
    assert owner == "your environment nv (envkit down --name nv --engine ssh://far)"


def test_the_owner_of_a_requested_port_is_a_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "busy", lambda: frozenset({8890, 8891}))
    monkeypatch.setattr(ports, "listener", lambda _: UNKNOWN_PROCESS)
    state_dir = state.directory(ENDPOINT, str(tmp_path))
    project = Project(str(tmp_path), config.load("jupyter: {port: 8890}"), ENDPOINT, state_dir, None)
    facts = planning._gather_facts(project, backend(OWN_LABELS), None, ())
    assert facts.network.busy_ports == {8890: OWN_ENVIRONMENT, 8891: ""}


def test_doctor_describes_the_owner_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: str) -> Any:
        raise EngineUnavailable(address, code="engine-unavailable")

    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: None)
    monkeypatch.setattr(ports, "busy", lambda: frozenset({8890}))
    monkeypatch.setattr(ports, "listener", lambda _: UNKNOWN_PROCESS)
    for connect, owner in ((lambda _: backend(), "the container web"), (refuse, OWN_ENVIRONMENT)):
        monkeypatch.setattr(backends, "connect", connect)
        assert doctor._inspect_port(8890, "envkit-1-x", is_configured=True)["holder"] == owner
        assert doctor._inspect_port(8888, "", is_configured=True)["holder"] is None


def test_a_forwarded_port_belongs_to_its_remote_environment() -> None:
    assert remote_ports._port_owner(REMOTE_ENDPOINT, 9001) == OWN_ENVIRONMENT
