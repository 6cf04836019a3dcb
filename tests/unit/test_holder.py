"""Who holds a port that is taken: one's own environment, a container, a process, or nobody one may see."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming, state
from envkit.backends.docker import client, endpoint, fast_inspect
from envkit.backends.docker.port_owner import find_owner
from envkit.environment import planning
from envkit.environment.project import Project
from envkit.environment.remote import ports
from envkit.errors import EngineUnavailable
from envkit.model.state import State
from envkit.net import http
from envkit.observe import doctor

if TYPE_CHECKING:
    from pathlib import Path

AT = "unix:///x"
PROCESS = "nc (process 7)"
YOURS = "your environment nv (envkit down --name nv)"


@pytest.fixture(autouse=True)
def _remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember an environment that has the port 8890 on this engine, and forwards 9001 from another one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", AT)
    for at in (AT, "ssh://far"):
        state.save(state.directory(at, "/nv"), State("nv", "/nv", port=8890, ssh_port=2300, forwarded={"8890": 9001}))


def engine(labels: dict[str, str] | None = None, **port: Any) -> Any:
    """Return an engine with a container that publishes a port."""
    given = {"IP": "127.0.0.1", "PublicPort": 8890, "Type": "tcp", **port}
    listed = [{"Id": "0" * 64, "Names": ["/web"], "Labels": labels, "Ports": [given]}]
    return SimpleNamespace(api=SimpleNamespace(containers=lambda: listed))


MINE, THEIRS = naming.labels(os.getuid(), "nv", "/nv"), naming.labels(4711, "other", "/other")


@pytest.mark.proves("who holds a port is told: an environment, a container, a process", "real")
@pytest.mark.parametrize(
    ("engine", "seen", "told"),
    [
        (engine(MINE), http.UNKNOWN_PROCESS, YOURS),
        (engine(MINE), "docker-proxy (process 9)", YOURS),
        (engine(THEIRS), http.UNKNOWN_PROCESS, "the environment other of user 4711"),
        (engine(), http.UNKNOWN_PROCESS, "the container web"),
        (engine(IP="0.0.0.0"), http.UNKNOWN_PROCESS, "the container web"),
        (engine(IP="192.0.2.1"), http.UNKNOWN_PROCESS, http.UNKNOWN_PROCESS),
        (engine(Type="udp"), PROCESS, PROCESS),
        (
            engine(PublicPort=8891),
            http.UNKNOWN_PROCESS,
            http.UNKNOWN_PROCESS,
        ),  # what is remembered of one that is down says nothing
        (None, http.UNKNOWN_PROCESS, YOURS),
        (None, PROCESS, PROCESS),
    ],
)
def test_who_holds_a_port_is_told(engine: Any, seen: str, told: str) -> None:
    assert find_owner(engine, AT, 8890, seen) == told


def test_where_no_engine_answers_what_had_the_port_is_told_and_else_nobody() -> None:
    assert [find_owner(None, AT, port, http.UNKNOWN_PROCESS) for port in (2300, 8888)] == [YOURS, http.UNKNOWN_PROCESS]


def test_what_frees_the_port_is_on_the_engine_that_was_named() -> None:
    with endpoint.override("ssh://far"):
        told = find_owner(engine(MINE), "ssh://far", 8890, http.UNKNOWN_PROCESS)
    assert told == "your environment nv (envkit down --name nv --engine ssh://far)"


def test_a_port_that_is_asked_for_is_looked_up_before_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "busy_ports", lambda: frozenset({8890, 8891}))
    monkeypatch.setattr(http, "port_listener", lambda _: http.UNKNOWN_PROCESS)
    project = Project(str(tmp_path), config.load("jupyter: {port: 8890}"), AT, state.directory(AT, str(tmp_path)), None)
    assert planning._gather_facts(project, engine(MINE), None, ()).busy_ports == {8890: YOURS, 8891: ""}


@pytest.mark.parametrize(("answers", "told"), [(True, "the container web"), (False, YOURS)])
def test_doctor_says_it_in_the_same_words(answers: bool, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(at: str) -> Any:
        if not answers:
            raise EngineUnavailable(at)
        return engine()

    monkeypatch.setattr(client, "connect", connected)
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: None)
    monkeypatch.setattr(http, "busy_ports", lambda: frozenset({8890}))
    monkeypatch.setattr(http, "port_listener", lambda _: http.UNKNOWN_PROCESS)
    assert doctor._inspect_port(8890, "envkit-1-x", is_configured=True)["holder"] == told
    assert doctor._inspect_port(8888, "", is_configured=True)["holder"] is None


def test_a_port_that_leads_to_an_environment_elsewhere_is_told_as_that() -> None:
    assert ports._port_owner("ssh://far", 9001) == YOURS
