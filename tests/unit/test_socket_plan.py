"""JupyterLab on a socket: no port, optionally no network, and no token in any argument."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming, process
from envkit.backends.docker import create_options, fast_inspect
from envkit.environment import jupyter_forward, up_cache, verify
from envkit.errors import ConfigError, EngineError, Unhealthy
from envkit.model.engine_state import ContainerInfo, NetworkInfo
from envkit.model.network import Network, Ssh
from envkit.observe import jupyter_client, readiness
from envkit.observe.jupyter_client import JupyterClient
from envkit.render import compose
from envkit.resolve import resolve
from envkit.resolve.ssh import settings as ssh_settings
from envkit.state import StateDir
from tests.support.engine_states import desired_state
from tests.support.fake_backend import FakeBackend
from tests.support.plan_samples import PROJECT, facts
from tests.unit.test_ssh_options import ACTUAL

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.engine_state import ActualState
    from envkit.model.plan import Plan

SOCKET = "jupyter: {socket: true}"
SOCKET_WITHOUT_NETWORK = f"{SOCKET}\nnetwork: {{mode: none}}"
TOKEN = "t" * 43


def plan(text: str, actual: ActualState = ACTUAL) -> Plan:
    return resolve(config.load(text), PROJECT, "vision", facts(), actual, None)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        config.load(text)
    return [str(problem) for problem in error.value.problems]


# The plan.


def test_a_socket_replaces_the_port() -> None:
    run = plan(SOCKET).run
    assert run.ports == ()
    assert run.network.mode == "bridge"
    assert {"--unix-socket", "/run/envkit/jupyter.sock"} <= set(run.health.command)


def test_a_socket_works_with_a_published_ssh_server() -> None:
    run = plan(f"{SOCKET}\nssh: {{publish: true}}").run
    assert [(port.host, port.container) for port in run.ports] == [(2222, 2222)]
    assert run.health.command[:2] == ("/opt/envkit/check-port", "2222")
    assert "--unix-socket" in run.health.command


def test_jupyterlab_is_awaited_where_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locations: list[str] = []
    monkeypatch.setattr(readiness, "wait_for_jupyter", lambda client, *_: locations.append(client.location))
    monkeypatch.setattr(readiness, "wait_for_sshd", lambda *_: None)
    for text, location in (
        (SOCKET, f"{naming.JUPYTER_SOCKET} inside"),
        (f"{SOCKET}\nssh: {{publish: true}}", f"{naming.JUPYTER_SOCKET} inside"),
        ("ssh: {publish: true}", "http://127.0.0.1:8888"),
    ):
        locations.clear()
        verify.Verification(StateDir(tmp_path), FakeBackend(), plan(text), {}, lambda _: None).wait()
        assert locations == [location], text


def test_hanging_server_is_reported_without_a_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    monkeypatch.setattr(readiness, "wait_for_jupyter", lambda client, *_: waits.append(client.location))
    monkeypatch.setattr(verify.Verification, "_owns_port", lambda _: True)
    run = plan("")
    for is_unhealthy, answer, hangs in ((True, 0, True), (True, 200, False), (False, 0, False)):
        container = ContainerInfo("c", "running", {}, "i", is_unhealthy=is_unhealthy)
        backend = FakeBackend(containers={run.run.name: container})
        client = JupyterClient("x", lambda *_, answer=answer: answer)
        monkeypatch.setattr(verify.Verification, "_jupyter_client", lambda _, client=client: client)
        verification = verify.Verification(StateDir(tmp_path), backend, run, {}, lambda _: None)
        if hangs:
            with pytest.raises(Unhealthy, match="hangs"):
                verification.wait()
        else:
            verification.wait()
        assert bool(waits) != hangs, (is_unhealthy, answer)
        waits.clear()


def test_the_settings_contain_the_listener() -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        (SOCKET, {"socket": "/run/envkit/jupyter.sock"}),
        ("", {"port": 8888}),
    )
    for text, listener in cases:
        texts = {artifact.path: artifact.text for artifact in plan(text).files.artifacts}
        settings = json.loads(texts["mount/settings.json"])
        assert settings["jupyter"] == {**listener, "hosts": ["localhost", "127.0.0.1"]}, text


def test_without_a_network_no_subnet_is_chosen() -> None:
    actual = replace(ACTUAL, network=NetworkInfo("n", {}, "10.183.0.0/29"))
    assert plan(SOCKET_WITHOUT_NETWORK, actual).run.network == Network("none", "", "none")
    assert plan(SOCKET, actual).run.network == Network("envkit-1000-vision", "10.183.0.0/29")


def test_a_socket_needs_no_approval() -> None:
    assert plan(SOCKET_WITHOUT_NETWORK).access.entries == ()


def test_conflicting_keys_are_reported_with_a_hint() -> None:
    cases = (
        ("network: {mode: none}", "envkit.yaml:1 network.mode: without a network, JupyterLab has no port"),
        ("jupyter: {socket: true, port: 8888}", "envkit.yaml:1 jupyter.port: jupyter.socket is true"),
        (f"{SOCKET_WITHOUT_NETWORK}\nssh: {{publish: true}}", "envkit.yaml:3 ssh.publish: network.mode is none"),
        (f"{SOCKET}\nnetwork: {{mode: host}}", "envkit.yaml:2 network.mode: expected a network mode"),
    )
    for text, problem in cases:
        (message,) = problems(text)
        assert message.startswith(problem), text
        assert ";" in message, text


# SSH, Compose and the engine.


def test_ssh_forwards_only_that_socket() -> None:
    lines = [line for line in ssh_settings(plan(SOCKET).run.ssh).splitlines() if not line.startswith("#")]
    assert lines == [
        "AllowStreamLocalForwarding local",
        "PermitOpen localhost:* 127.0.0.1:* [::1]:* [/run/envkit/jupyter.sock]:*",
    ]
    assert "AllowStreamLocalForwarding" not in ssh_settings(Ssh(agent=True))


def test_compose_and_engine_use_no_network() -> None:
    desired = desired_state(network=Network("none", "", "none"), ports=())
    document = compose.document(desired)
    assert "networks" not in document
    assert document["services"]["workspace"]["network_mode"] == "none"
    assert create_options._networking_config(None, desired.plan.run) is None  # type: ignore[arg-type]
    assert "network_mode" not in compose.document(desired_state())["services"]["workspace"]


def test_a_container_without_a_port_has_an_empty_label() -> None:
    desired = desired_state(ports=())
    assert naming.container_labels(desired.plan, desired.digests)[naming.PORT] == ""


def test_only_an_empty_label_means_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: tuple[tuple[dict[str, str], bool], ...] = (
        ({naming.PORT: ""}, True),
        ({naming.PORT: "8888"}, False),
        ({}, False),
    )
    for labels, owns in cases:
        inspection = {"Config": {"Labels": labels}, "NetworkSettings": {"Networks": {}}}
        monkeypatch.setattr(fast_inspect, "_inspect_running", lambda *_, inspection=inspection: inspection)
        assert fast_inspect.owns_port("unix:///x", "envkit-1000-vision", 0) == owns, labels


# Access.


def install_script(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> list[tuple[tuple[str, ...], str]]:
    """Replace scripts in the container: they print these lines, and their commands are recorded."""
    commands: list[tuple[tuple[str, ...], str]] = []

    def run(
        _backend: FakeBackend, _name: str, argv: tuple[str, ...], text: str, on_line: Any, *, limit_s: float
    ) -> int:
        commands.append((tuple(argv), text))
        for line in lines:
            on_line(line)
        return 0

    monkeypatch.setattr(FakeBackend, "run_script", run)
    return commands


def test_the_token_is_not_in_curls_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = install_script(monkeypatch, ["200"])
    client = jupyter_client.socket_client(FakeBackend(), "envkit-1000-vision")
    assert client.get_status("/api/status", TOKEN, 5) == 200
    ((argv, text),) = commands
    assert TOKEN not in " ".join(argv)
    assert f'header = "Authorization: token {TOKEN}"' in text
    assert 'unix-socket = "/run/envkit/jupyter.sock"' in text


def test_without_a_token_no_header_is_sent() -> None:
    assert "Authorization" not in jupyter_client.curl_config("/api", "", 5)


def test_output_without_a_status_is_not_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    client = jupyter_client.socket_client(FakeBackend(), "e")
    for lines in ([], ["000"], ["curl: no such option"], ["200", "x"]):
        install_script(monkeypatch, lines)
        assert client.get_status("/api", "", 5) == 0, lines


def test_a_container_that_has_ended_is_not_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_gone(*_: Any, **__: Any) -> int:
        raise EngineError("no such container", code="engine-request-failed")

    monkeypatch.setattr(FakeBackend, "run_script", raise_gone)
    assert jupyter_client.socket_client(FakeBackend(), "e").get_status("/api", "", 5) == 0


def test_a_forward_whose_client_ended_is_not_awaited() -> None:
    with pytest.raises(Unhealthy, match="does not answer through SSH"):
        jupyter_forward._wait_until_ready(jupyter_forward.PortForward(1, lambda: False, lambda: 255), "envkit up")


def test_the_fast_path_needs_a_port(tmp_path: Any) -> None:
    labels = dict.fromkeys(up_cache.LABEL_KEYS, "")
    assert not up_cache._is_reachable(Any, labels, tmp_path)  # type: ignore[arg-type]


def test_a_background_program_ends_with_its_block() -> None:
    with process.run_in_background(["sleep", "600"]) as program:
        assert program.is_alive()
    assert not program.is_alive()
    assert program.wait() == -signal.SIGTERM
