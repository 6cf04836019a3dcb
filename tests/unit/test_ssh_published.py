"""A published SSH server, a forwarded agent, key exchanges: each is asked for, and nothing comes with it."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, naming, process, reconcile
from envkit.backends.docker.sdk_errors import PortTaken
from envkit.errors import ConfigError, Unhealthy
from envkit.model.engine_state import ActualState, ContainerInfo, ImageInfo
from envkit.model.facts import Account, Facts
from envkit.model.network import Port, Ssh
from envkit.model.state import State
from envkit.net import http
from envkit.observe import readiness
from envkit.render import ssh_config
from envkit.resolve import resolve, sticky, unapproved_entries
from envkit.resolve.ssh import settings
from tests.unit.worlds import container, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envkit.model.plan import Plan

PROJECT = "/home/ada/vision"
FACTS = Facts(
    caller=Account(1000, 1000),
    sudo_caller=None,
    workspace=PROJECT,
    workspace_owner=Account(1000, 1000),
    home="/home/ada",
    config_files={},
    cpus=4,
    memory_mib=8192,
    machine="amd64",
)
FOUND = ActualState(base=ImageInfo("sha256:base", {}, ref="envkit-base:bookworm"))
PUBLISH = "ssh: {publish: true}"


def plan(text: str, facts: Facts = FACTS, found: ActualState = FOUND, state: State | None = None) -> Plan:
    return resolve(config.load(text), PROJECT, "vision", facts, found, state)


def ports(text: str, busy: dict[int, str] | None = None, **more: Any) -> dict[int, int]:
    found = plan(text, replace(FACTS, busy_ports=busy or {}), **more)
    assert {port.address for port in found.run.ports} == {"127.0.0.1"}
    return {port.container: port.host for port in found.run.ports}


def holding(status: Any = "running", **labels: str) -> ActualState:
    own = naming.labels(1000, "vision", PROJECT)
    return replace(FOUND, container=ContainerInfo("c", status, {**own, **labels}, "i"))


# Which port.


def test_nothing_is_published_but_jupyterlab_unless_that_is_asked_for() -> None:
    assert ports("ssh: {port: 2300}") == {8888: 8888}
    assert plan("").run.command == ()


@pytest.mark.parametrize(
    ("text", "busy", "state", "expected"),
    [
        (PUBLISH, {}, None, 2222),
        (PUBLISH, {2222: "sshd", 2223: "x"}, None, 2224),
        (PUBLISH, {}, State("vision", PROJECT, port=8888, ssh_port=2230), 2230),
        (PUBLISH, {2230: "x"}, State("vision", PROJECT, port=8888, ssh_port=2230), 2222),
        ("ssh: {publish: true, port: 2300}", {}, State("vision", PROJECT, ssh_port=2230), 2300),
        ("jupyter: {port: 2222}\nssh: {publish: true}", {}, None, 2223),
        ("jupyter: {port: 2230}\nssh: {publish: true}", {}, State("vision", PROJECT, ssh_port=2230), 2222),
    ],
)
def test_the_port_is_asked_for_or_kept_or_the_next_free_one(
    text: str, busy: dict[int, str], state: State | None, expected: int
) -> None:
    assert ports(text, busy, state=state)[2222] == expected


@pytest.mark.parametrize("state", [State("vision", PROJECT, port=8890, ssh_port=2230), None], ids=["kept", "lost"])
def test_ports_that_our_own_container_holds_are_not_taken(state: State | None) -> None:
    held = holding(**{naming.PORT: "8890", naming.SSH_PORT_LABEL: "2230"})
    assert ports(PUBLISH, {8890: "", 2230: ""}, found=held, state=state) == {8888: 8890, 2222: 2230}


def test_ports_of_our_own_container_can_change_places() -> None:
    held = holding(**{naming.PORT: "8890", naming.SSH_PORT_LABEL: "2230"})
    text = "jupyter: {port: 2230}\nssh: {publish: true, port: 8890}"
    assert ports(text, {8890: "", 2230: ""}, found=held) == {8888: 2230, 2222: 8890}


def test_a_port_that_is_asked_for_and_taken_is_refused_with_who_holds_it() -> None:
    with pytest.raises(ConfigError) as error:
        ports("ssh: {publish: true, port: 2300}", {2300: "sshd (process 7)"})
    assert error.value.message.startswith("envkit.yaml:1 ssh.port: port 2300 is taken by sshd (process 7); free it")


def test_a_refresh_forgets_both_ports() -> None:
    fresh = sticky.reset_choices(State("vision", PROJECT, port=8890, ssh_port=2230))
    assert (fresh.port, fresh.ssh_port) == (0, 0)


@pytest.mark.parametrize(
    ("message", "port"),
    [
        ("Bind for 127.0.0.1:2222 failed: port is already allocated", 2222),
        ("listen tcp4 127.0.0.1:8888: bind: address already in use", 8888),
        ("port is already allocated", 0),
    ],
)
def test_the_engine_says_which_port_was_taken(message: str, port: int) -> None:
    assert PortTaken(message).port == port


# What it amounts to.


def test_another_published_port_makes_the_container_anew() -> None:
    one, other = (wanted(ports=(Port(8888, 8888), Port(host, 2222))) for host in (2222, 2223))
    nothing = wanted()
    assert naming.container_labels(one.plan, one.digests)[naming.SSH_PORT_LABEL] == "2222"
    assert naming.SSH_PORT_LABEL not in naming.container_labels(nothing.plan, nothing.digests)
    assert reconcile._is_current(one, container(one))
    assert not reconcile._is_current(other, container(one))
    assert not reconcile._is_current(nothing, container(one))
    assert not reconcile._is_current(one, container(nothing))


def test_the_health_check_covers_the_server_that_is_published() -> None:
    published, usual = plan(PUBLISH).run, plan("").run
    assert published.command == ("ssh",)
    assert published.health.command == ("/opt/envkit/listens", "2222", *usual.health.command)


@pytest.mark.proves("what a config lets in beyond the default is told as what it really is", "real")
@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (PUBLISH, "SSH answers at a port of 127.0.0.1, where every user of this host can try to log in"),
        ("ssh: {agent: true}", "what runs inside can use the SSH agent of whoever logs in and forwards it"),
    ],
)
def test_a_wider_entrance_is_asked_for(text: str, entry: str) -> None:
    assert unapproved_entries(plan(text).access, ()) == (entry,)
    assert unapproved_entries(plan("ssh: {publish: false, agent: false, kex: pq-only}").access, ()) == ()


def test_a_forwarded_agent_is_told_each_time() -> None:
    assert [one for one in plan("ssh: {agent: true}").notes if one.startswith("ssh.agent: ")]
    assert not plan("").notes


# What sshd is told.


def lines(ssh: Ssh) -> list[str]:
    return [line for line in settings(ssh).splitlines() if not line.startswith("#")]


def test_by_default_sshd_is_told_nothing_new() -> None:
    assert lines(plan("").run.ssh) == []


def test_what_is_allowed_is_all_that_sshd_is_told() -> None:
    assert lines(plan("ssh: {agent: true}").run.ssh) == ["AllowAgentForwarding yes"]
    assert lines(plan("ssh: {kex: pq-only}").run.ssh) == ["KexAlgorithms sntrup761x25519-sha512@openssh.com"]
    (told,) = [one for one in plan("ssh: {agent: true}").files.artifacts if one.path == "mount/sshd_config"]
    assert (told.text, told.mode) == (settings(Ssh(agent=True)), 0o600)


# The client.


def entry(**given: Any) -> list[str]:
    return [line.strip() for line in ssh_config.render("v", "envkit-1-v", "/f", ["p"], **given).text.splitlines()]


def test_the_client_uses_the_port_that_is_published_and_pins_the_host_key_there() -> None:
    published = entry(port=2230)
    assert {"HostName 127.0.0.1", "Port 2230", "StrictHostKeyChecking yes", "ForwardAgent no"} <= set(published)
    assert not [line for line in published if line.startswith(("ProxyCommand", "HostKeyAlias"))]
    assert not [line for line in entry() if line.startswith("Port")]


def test_the_client_forwards_the_agent_only_where_that_was_asked_for() -> None:
    assert "ForwardAgent yes" in entry(agent=True)


# Readiness.


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(20)
        yield made


@pytest.mark.parametrize(("said", "speaks"), [(b"SSH-2.0-OpenSSH_9.2\r\n", True), (b"HTTP/1.1 400\r\n", False)])
def test_only_what_speaks_ssh_counts_as_an_ssh_server(door: socket.socket, said: bytes, speaks: bool) -> None:
    def serve() -> None:
        with door.accept()[0] as guest:
            guest.sendall(said)

    thread = threading.Thread(target=serve)
    thread.start()
    assert readiness.is_ssh_server(door.getsockname()[1]) == speaks
    thread.join()


def test_nobody_at_the_port_is_no_greeting(door: socket.socket) -> None:
    port = door.getsockname()[1]
    door.close()
    assert http.read_banner(port) == b""


def test_the_login_that_proves_ssh_takes_no_agent_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[list[str]] = []

    def run(argv: list[str], **_: Any) -> process.CompletedProcess:
        ran.append(argv)
        return process.CompletedProcess(0, "", "")

    monkeypatch.setattr(process, "which", lambda _: "/usr/bin/ssh")
    monkeypatch.setattr(process, "run", run)
    assert readiness.check_ssh_login(tmp_path, "envkit-1-v") == ""
    assert "-oForwardAgent=no" in ran[0]


@pytest.mark.parametrize("ours", [True, False])
def test_the_wait_for_an_ssh_server_ends(monkeypatch: pytest.MonkeyPatch, ours: bool) -> None:
    asked: list[int] = []

    def greets(port: int) -> bool:
        asked.append(port)
        return False

    monkeypatch.setattr(readiness, "is_ssh_server", greets)
    monkeypatch.setattr(readiness, "PAUSE_S", 0.005)
    with pytest.raises(Unhealthy, match="SSH at port 2230"):
        readiness.wait_for_sshd(2230, lambda: ours, timeout_s=0.2)
    assert bool(asked) == ours
