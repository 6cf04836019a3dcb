"""JupyterLab on a socket: no port, no network where that is asked for, and the token in no argument on the way."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming, process
from envkit.backends.docker import container_exec, create_options, fast_inspect
from envkit.backends.docker.client import Engine
from envkit.environment import jupyter_forward, verify
from envkit.environment import up_cache as settled_
from envkit.errors import ConfigError, EngineError, Unhealthy
from envkit.model.engine_state import ContainerInfo, NetworkInfo
from envkit.model.network import Network, Ssh
from envkit.observe import jupyter_client, readiness
from envkit.render import compose
from envkit.resolve import resolve
from envkit.resolve.ssh import settings as ssh_settings
from envkit.state import StateDir
from tests.unit.test_ssh_published import FACTS, FOUND, PROJECT
from tests.unit.worlds import wanted

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.engine_state import ActualState
    from envkit.model.plan import Plan

SOCKET = "jupyter: {socket: true}"
ALONE = f"{SOCKET}\nnetwork: {{mode: none}}"
TOKEN = "t" * 43


def plan(text: str, found: ActualState = FOUND) -> Plan:
    return resolve(config.load(text), PROJECT, "vision", FACTS, found, None)


def told(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        config.load(text)
    return [str(one) for one in error.value.problems]


# What is decided.


def test_with_a_socket_there_is_no_port() -> None:
    run = plan(SOCKET).run
    assert run.ports == ()
    assert run.network.mode == "bridge"
    assert {"--unix-socket", "/run/envkit/jupyter.sock"} <= set(run.health.command)


def test_a_socket_and_a_published_ssh_server_go_together() -> None:
    run = plan(f"{SOCKET}\nssh: {{publish: true}}").run
    assert [(port.host, port.container) for port in run.ports] == [(2222, 2222)]
    assert run.health.command[:2] == ("/opt/envkit/listens", "2222")
    assert "--unix-socket" in run.health.command


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (SOCKET, f"{naming.JUPYTER_SOCKET} inside"),
        (f"{SOCKET}\nssh: {{publish: true}}", f"{naming.JUPYTER_SOCKET} inside"),
        ("ssh: {publish: true}", "http://127.0.0.1:8888"),
    ],
)
def test_jupyterlab_is_waited_for_where_it_listens(
    text: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(readiness, "wait_for_jupyter", lambda way, *_: asked.append(way.location))
    monkeypatch.setattr(readiness, "wait_for_sshd", lambda *_: None)
    engine = Engine("unix:///x", None)  # type: ignore[arg-type]
    verify.Verification(StateDir(tmp_path), engine, plan(text), {}, lambda _: None).wait()
    assert asked == [where]


@pytest.mark.parametrize(("text", "place"), [(SOCKET, {"socket": "/run/envkit/jupyter.sock"}), ("", {"port": 8888})])
def test_the_server_is_told_where_to_listen(text: str, place: dict[str, Any]) -> None:
    (found,) = [one for one in plan(text).files.artifacts if one.path == "mount/settings.json"]
    assert json.loads(found.text)["jupyter"] == {**place, "hosts": ["localhost", "127.0.0.1"]}


def test_without_a_network_none_is_picked_and_a_subnet_that_was_is_kept() -> None:
    before = replace(FOUND, network=NetworkInfo("n", {}, "10.183.0.0/29"))
    assert plan(ALONE, before).run.network == Network("none", "", "none")
    assert plan(SOCKET, before).run.network == Network("envkit-1000-vision", "10.183.0.0/29")


def test_nothing_is_widened_by_a_socket() -> None:
    assert plan(ALONE).access.entries == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("network: {mode: none}", "envkit.yaml:1 network.mode: without a network no port leads to JupyterLab"),
        ("jupyter: {socket: true, port: 8888}", "envkit.yaml:1 jupyter.port: jupyter.socket is true"),
        (f"{ALONE}\nssh: {{publish: true}}", "envkit.yaml:3 ssh.publish: network.mode is none"),
        (f"{SOCKET}\nnetwork: {{mode: host}}", "envkit.yaml:2 network.mode: expected which network the workspace has"),
    ],
)
def test_what_cannot_be_together_is_told_with_the_hint(text: str, problem: str) -> None:
    (one,) = told(text)
    assert one.startswith(problem)
    assert ";" in one


# In everybody's words.


def test_the_ssh_server_lets_through_to_that_socket_and_to_no_other() -> None:
    lines = [line for line in ssh_settings(plan(SOCKET).run.ssh).splitlines() if not line.startswith("#")]
    assert lines == [
        "AllowStreamLocalForwarding local",
        "PermitOpen localhost:* 127.0.0.1:* [::1]:* [/run/envkit/jupyter.sock]:*",
    ]
    assert "AllowStreamLocalForwarding" not in ssh_settings(Ssh(agent=True))


def test_no_network_is_no_network_for_both_launchers() -> None:
    want = wanted(network=Network("none", "", "none"), ports=())
    document = compose.document(want)
    assert "networks" not in document
    assert document["services"]["workspace"]["network_mode"] == "none"
    assert create_options._networking_config(None, want.plan.run) is None  # type: ignore[arg-type]
    assert "network_mode" not in compose.document(wanted())["services"]["workspace"]


def test_a_container_without_a_port_says_so_by_its_label() -> None:
    want = wanted(ports=())
    assert naming.container_labels(want.plan, want.digests)[naming.PORT] == ""


@pytest.mark.parametrize(("labels", "holds"), [({naming.PORT: ""}, True), ({naming.PORT: "8888"}, False), ({}, False)])
def test_only_a_container_that_says_it_has_no_port_is_taken_for_one(
    monkeypatch: pytest.MonkeyPatch, labels: dict[str, str], holds: bool
) -> None:
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: ContainerInfo("c", "running", labels, "i"))
    assert fast_inspect.owns_port("unix:///x", "envkit-1000-vision", 0) == holds


# On the way.


def script(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> list[tuple[tuple[str, ...], str]]:
    """Let every script inside print these lines, and keep what was run."""
    ran: list[tuple[tuple[str, ...], str]] = []

    def run(_engine: Engine, _name: str, argv: tuple[str, ...], text: str, on_line: Any, *, limit_s: float) -> int:
        ran.append((tuple(argv), text))
        for line in lines:
            on_line(line)
        return 0

    monkeypatch.setattr(container_exec, "run_script", run)
    return ran


def test_a_socket_is_asked_from_inside_with_the_token_in_no_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = script(monkeypatch, ["200"])
    way = jupyter_client.socket_client(Engine("unix:///x", None), "envkit-1000-vision")  # type: ignore[arg-type]
    assert way.get_status("/api/status", TOKEN, 5) == 200
    ((argv, text),) = ran
    assert TOKEN not in " ".join(argv)
    assert f'header = "Authorization: token {TOKEN}"' in text
    assert 'unix-socket = "/run/envkit/jupyter.sock"' in text


def test_without_a_token_none_is_sent() -> None:
    assert "Authorization" not in jupyter_client.curl_config("/api", "", 5)


@pytest.mark.parametrize("lines", [[], ["000"], ["curl: no such option"], ["200", "x"]])
def test_what_is_no_status_is_no_answer(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    script(monkeypatch, lines)
    assert jupyter_client.socket_client(Engine("unix:///x", None), "e").get_status("/api", "", 5) == 0  # type: ignore[arg-type]


def test_a_container_that_ended_meanwhile_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> int:
        raise EngineError("no such container")

    monkeypatch.setattr(container_exec, "run_script", gone)
    assert jupyter_client.socket_client(Engine("unix:///x", None), "e").get_status("/api", "", 5) == 0  # type: ignore[arg-type]


def test_a_forward_whose_client_ended_is_not_waited_for() -> None:
    with pytest.raises(Unhealthy, match="does not answer through SSH"):
        jupyter_forward._wait_until_ready(jupyter_forward.PortForward(1, lambda: False, lambda: 255), "envkit up")


def test_the_short_cut_is_not_taken_where_there_is_no_port_to_ask_at(tmp_path: Any) -> None:
    labels = dict.fromkeys(settled_.LABEL_KEYS, "")
    assert not settled_._is_reachable(Any, labels, tmp_path)  # type: ignore[arg-type]


def test_a_program_beside_ends_when_it_is_left() -> None:
    with process.run_in_background(["sleep", "600"]) as running:
        assert running.is_alive()
    assert not running.is_alive()
    assert running.wait() == -signal.SIGTERM
