"""A published SSH server, a forwarded agent and key exchanges: each only on request, and each with approval."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming, process, reconcile
from envkit.backends.docker.sdk_errors import published_port
from envkit.errors import ConfigError, Unhealthy
from envkit.model.engine_state import ActualState, ContainerInfo, ImageInfo
from envkit.model.facts import HostNetwork
from envkit.model.network import Port, Ssh
from envkit.model.state import State
from envkit.net.ports import read_banner
from envkit.observe import readiness
from envkit.render import ssh_config
from envkit.resolve import resolve, unapproved_entries
from envkit.resolve.ssh import settings
from tests.support.engine_states import container, desired_state
from tests.support.plan_samples import PROJECT, facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkit.model.plan import Plan

ACTUAL = ActualState(base=ImageInfo("sha256:base", {}, ref="envkit-base:bookworm"))
PUBLISH = "ssh: {publish: true}"


def plan(
    text: str, busy: dict[int, str] | None = None, actual: ActualState = ACTUAL, state: State | None = None
) -> Plan:
    host = facts(network=HostNetwork(busy_ports=busy or {}))
    return resolve(config.load(text), PROJECT, "vision", host, actual, state)


def ports(
    text: str, busy: dict[int, str] | None = None, actual: ActualState = ACTUAL, state: State | None = None
) -> dict[int, int]:
    published = plan(text, busy, actual, state).run.ports
    assert {port.address for port in published} == {"127.0.0.1"}
    return {port.container: port.host for port in published}


def actual_with_ports(jupyter: int, ssh: int) -> ActualState:
    labels = {
        **naming.labels(1000, "vision", PROJECT),
        naming.PORT: str(jupyter),
        naming.SSH_PORT_LABEL: str(ssh),
    }
    return replace(ACTUAL, container=ContainerInfo("c", "running", labels, "i"))


def test_by_default_only_jupyterlab_is_published() -> None:
    assert ports("ssh: {port: 2300}") == {8888: 8888}
    assert plan("").run.command == ()


def test_the_ssh_port_is_requested_kept_or_the_next_free_one() -> None:
    saved_port = State("vision", PROJECT, port=8888, ssh_port=2230)
    cases: list[tuple[str, dict[int, str], State | None, int]] = [
        (PUBLISH, {}, None, 2222),
        (PUBLISH, {2222: "sshd", 2223: "x"}, None, 2224),
        (PUBLISH, {}, saved_port, 2230),
        (PUBLISH, {2230: "x"}, saved_port, 2222),
        ("ssh: {publish: true, port: 2300}", {}, State("vision", PROJECT, ssh_port=2230), 2300),
        ("jupyter: {port: 2222}\nssh: {publish: true}", {}, None, 2223),
        ("jupyter: {port: 2230}\nssh: {publish: true}", {}, State("vision", PROJECT, ssh_port=2230), 2222),
    ]
    for text, busy, state, expected in cases:
        assert ports(text, busy, state=state)[2222] == expected, (text, busy, state)


def test_ports_of_the_own_container_are_free() -> None:
    actual = actual_with_ports(8890, 2230)
    for state in (State("vision", PROJECT, port=8890, ssh_port=2230), None):
        assert ports(PUBLISH, {8890: "", 2230: ""}, actual, state) == {8888: 8890, 2222: 2230}, state


def test_ports_of_the_own_container_can_be_swapped() -> None:
    text = "jupyter: {port: 2230}\nssh: {publish: true, port: 8890}"
    assert ports(text, {8890: "", 2230: ""}, actual_with_ports(8890, 2230)) == {8888: 2230, 2222: 8890}


def test_a_requested_port_that_is_taken_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        ports("ssh: {publish: true, port: 2300}", {2300: "sshd (process 7)"})
    (problem,) = error.value.problems
    assert (problem.line, problem.key, problem.code) == (1, "ssh.port", "port-taken")
    assert "port 2300 is taken by sshd (process 7)" in problem.message


def test_the_taken_port_is_parsed_from_the_engines_error() -> None:
    for message, port in [
        ("Bind for 127.0.0.1:2222 failed: port is already allocated", 2222),
        ("listen tcp4 127.0.0.1:8888: bind: address already in use", 8888),
        ("port is already allocated", 0),
    ]:
        assert published_port(message) == port, message


def test_another_published_port_recreates_the_container() -> None:
    published, moved = (desired_state(ports=(Port(8888, 8888), Port(host, 2222))) for host in (2222, 2223))
    unpublished = desired_state()
    assert naming.container_labels(published.plan, published.digests)[naming.SSH_PORT_LABEL] == "2222"
    assert naming.SSH_PORT_LABEL not in naming.container_labels(unpublished.plan, unpublished.digests)
    assert reconcile._is_current(published, container(published))
    assert not reconcile._is_current(moved, container(published))
    assert not reconcile._is_current(unpublished, container(published))
    assert not reconcile._is_current(published, container(unpublished))


def test_the_health_check_includes_the_published_server() -> None:
    published, default = plan(PUBLISH).run, plan("").run
    assert published.command == ("ssh",)
    assert published.health.command == ("/opt/envkit/check-port", "2222", *default.health.command)


@pytest.mark.proves("the approval names exactly what a config grants beyond the default", "real")
def test_publishing_and_agent_forwarding_need_approval() -> None:
    for text, fragment in [(PUBLISH, "SSH listens on a port of 127.0.0.1"), ("ssh: {agent: true}", "SSH agent")]:
        (entry,) = unapproved_entries(plan(text).access, ())
        assert fragment in entry
    assert unapproved_entries(plan("ssh: {publish: false, agent: false, kex: pq-only}").access, ()) == ()


def test_a_forwarded_agent_always_has_a_note() -> None:
    assert [note for note in plan("ssh: {agent: true}").notes if note.startswith("ssh.agent: ")]
    assert not plan("").notes


def sshd_settings(ssh: Ssh) -> list[str]:
    return [line for line in settings(ssh).splitlines() if not line.startswith("#")]


def test_sshd_settings_contain_only_the_requested_changes() -> None:
    for text, expected in [
        ("", []),
        ("ssh: {agent: true}", ["AllowAgentForwarding yes"]),
        ("ssh: {kex: pq-only}", ["KexAlgorithms sntrup761x25519-sha512@openssh.com"]),
    ]:
        assert sshd_settings(plan(text).run.ssh) == expected, text
    artifacts = plan("ssh: {agent: true}").files.artifacts
    (artifact,) = [artifact for artifact in artifacts if artifact.path == "mount/sshd_config"]
    assert (artifact.text, artifact.mode) == (settings(Ssh(agent=True)), 0o600)


def host_entry(**options: Any) -> list[str]:
    return [line.strip() for line in ssh_config.render("v", "envkit-1-v", "/f", ["p"], **options).text.splitlines()]


def test_the_client_uses_the_published_port_and_pins_its_key() -> None:
    published = host_entry(port=2230)
    assert {"HostName 127.0.0.1", "Port 2230", "StrictHostKeyChecking yes", "ForwardAgent no"} <= set(published)
    assert not [line for line in published if line.startswith(("ProxyCommand", "HostKeyAlias"))]
    assert not [line for line in host_entry() if line.startswith("Port")]


def test_the_client_forwards_the_agent_only_on_request() -> None:
    assert "ForwardAgent yes" in host_entry(agent=True)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


@pytest.mark.parametrize(("banner", "expected"), [(b"SSH-2.0-OpenSSH_9.2\r\n", True), (b"HTTP/1.1 400\r\n", False)])
def test_a_server_is_recognized_by_its_ssh_banner(server: socket.socket, banner: bytes, *, expected: bool) -> None:
    def serve() -> None:
        with server.accept()[0] as client:
            client.sendall(banner)

    thread = threading.Thread(target=serve)
    thread.start()
    assert readiness.is_ssh_server(server.getsockname()[1]) == expected
    thread.join()


def test_a_closed_port_has_no_banner(server: socket.socket) -> None:
    port = server.getsockname()[1]
    server.close()
    assert read_banner(port) == b""


def test_the_login_test_forwards_no_agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands: list[list[str]] = []

    def run(argv: list[str], **_: Any) -> process.CompletedProcess:
        commands.append(argv)
        return process.CompletedProcess(0, "", "")

    monkeypatch.setattr(process, "which", lambda _: "/usr/bin/ssh")
    monkeypatch.setattr(process, "run", run)
    assert readiness.check_ssh_login(tmp_path, "envkit-1-v") == ""
    assert "-oForwardAgent=no" in commands[0]


@pytest.mark.parametrize("is_ours", [True, False])
def test_the_wait_for_an_ssh_server_ends(monkeypatch: pytest.MonkeyPatch, *, is_ours: bool) -> None:
    probed_ports: list[int] = []

    def is_ssh_server(port: int) -> bool:
        probed_ports.append(port)
        return False

    monkeypatch.setattr(readiness, "is_ssh_server", is_ssh_server)
    with pytest.raises(Unhealthy, match="SSH at port 2230"):
        readiness.wait_for_sshd(
            2230, lambda: is_ours, readiness.ProgressWait(lambda: None, sleep=lambda _: None, stall_s=0.05)
        )
    assert bool(probed_ports) == is_ours
