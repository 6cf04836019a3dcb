"""The SSH tunnel to a remote engine: addresses, options of OpenSSH's client, and errors."""

from __future__ import annotations

import fcntl
import socket
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkit import naming, ssh_tunnel
from envkit.backends import endpoint
from envkit.backends.docker import client, fast_exec, fast_inspect
from envkit.commands import ssh_proxy
from envkit.environment.remote import ports
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.model.engine_state import ContainerInfo
from envkit.ssh_tunnel import Remote

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOTE = "ssh://ada@build.example.com:2200"


class FakeSsh:
    """A fake `ssh` that logs its arguments, one per line, and runs a shell script."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "calls"
        self.set_script("exit 1")

    def set_script(self, script: str) -> None:
        path = self.folder / "ssh"
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{self.log}; echo . >>{self.log}\n{script}\n')
        path.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        calls = self.log.read_text().split(".\n") if self.log.exists() else []
        return [call.splitlines() for call in calls if call]


@pytest.fixture
def ssh(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSsh]:
    with tempfile.TemporaryDirectory(prefix="envkit-t-") as folder:  # short, because socket paths are limited
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("XDG_STATE_HOME", f"{folder}/state")
        yield FakeSsh(Path(folder))
        for address in ssh_tunnel.active_addresses():
            ssh_tunnel.release(address)


def control_path() -> Path:
    return ssh_tunnel.local_socket(REMOTE).parent / "c"


def connect_error() -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as error:
        client.connect(REMOTE)
    return error.value


def test_addresses_are_parsed() -> None:
    cases = {
        "ssh://far": Remote("far"),
        "ssh://far/": Remote("far"),
        "ssh://ada@far": Remote("far", "ada"),
        REMOTE: Remote("build.example.com", "ada", 2200),
        "ssh://192.0.2.1:22": Remote("192.0.2.1", "", 22),
        "ssh://[2001:db8::1]:22": Remote("2001:db8::1", "", 22),
    }
    for address, expected in cases.items():
        assert ssh_tunnel.parse(address) == expected, address


@pytest.mark.proves("no part of an engine's address becomes an option of the SSH client", "real")
def test_an_invalid_address_never_reaches_ssh(ssh: FakeSsh) -> None:
    for address in (
        "ssh://",
        "ssh://-oProxyCommand=touch x",
        "ssh://-oProxyCommand=x@far",
        "ssh://-x",
        "ssh://a@-x",
        "ssh://a b@far",
        "ssh://far -x",
        "ssh://far\n",
        "ssh://far\nProxyCommand x",
        "ssh://ada:password@far",
        "ssh://far:0",
        "ssh://far:99999",
        "ssh://far:-1",
        "ssh://far:٢٢",
        "ssh://far/run/docker.sock",
        "ssh://far?x",
        "ssh://%h",
        "ssh://$(x)",
        "ssh://fär",
        "ssh://a@b@c",
        "ssh://[::1",
        "ssh://[-x]",
    ):
        with pytest.raises(PreconditionError) as error:
            client.connect(address)
        assert error.value.code == "endpoint-invalid", address
        assert "ssh://[user@]host[:port]" in error.value.hint, address
        assert not ssh.calls, address


@pytest.mark.proves("the caller's own SSH settings apply, and none is weakened", "real")
def test_no_option_weakens_ssh_and_the_host_comes_last(ssh: FakeSsh) -> None:
    connect_error()
    (arguments,) = ssh.calls
    assert arguments[-6:] == ["-l", "ada", "-p", "2200", "--", "build.example.com"]
    options = {argument.removeprefix("-o").partition("=")[0] for argument in arguments if argument.startswith("-o")}
    assert not options & {"StrictHostKeyChecking", "UserKnownHostsFile", "ProxyCommand", "IdentityFile"}
    for option in ("BatchMode=yes", "ForwardAgent=no", "ClearAllForwardings=yes", "StreamLocalBindMask=0177"):
        assert f"-o{option}" in arguments
    assert "-F" not in arguments
    assert stat.S_IMODE(ssh_tunnel.local_socket(REMOTE).parent.stat().st_mode) == 0o700


def test_a_failed_login_quotes_ssh_and_has_a_hint(ssh: FakeSsh) -> None:
    cases = [
        ("Host key verification failed.", "ssh-host-key-unknown", "ssh -p 2200 ada@build.example.com shows"),
        ("ada@build: Permission denied (publickey).", "ssh-login-denied", "ssh-copy-id"),
        ("ssh: Could not resolve hostname build", "ssh-host-unreachable", "check that ssh -p 2200 ada@build"),
    ]
    for output, code, hint in cases:
        ssh.set_script(f'while [ "$1" != -E ]; do shift; done; echo "{output}" >"$2"; exit 255')
        error = connect_error()
        assert error.code == code, output
        assert output in error.detail
        assert hint in error.hint, output


def test_a_failed_connection_names_the_source_of_the_address(ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", REMOTE)
    error = connect_error()
    assert error.detail.startswith(f"{REMOTE} (DOCKER_HOST): ")
    assert error.hint.endswith("; or unset DOCKER_HOST")
    with endpoint.override(REMOTE):
        error = connect_error()
    assert error.code == "ssh-host-unreachable"
    assert error.hint.endswith("; or omit --engine")


def test_the_tunnel_to_a_host_without_an_engine_is_closed(ssh: FakeSsh) -> None:
    # Like the real ssh, this one creates its control socket and answers every control command.
    ssh.set_script("""case "$*" in *" -O exit"*) ;; *" -O "*) ;; *)
        while [ "$1" != -S ]; do shift; done; : >"$2" ;; esac""")
    error = connect_error()
    assert error.code == "engine-unavailable"
    assert "usermod -aG docker" in error.hint
    assert "exit" in ssh.calls[-1]
    assert not control_path().exists()
    assert not ssh_tunnel.local_socket(REMOTE).exists()


def test_an_open_tunnel_is_reused(ssh: FakeSsh) -> None:
    local_socket = ssh_tunnel.local_socket(REMOTE)
    local_socket.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(local_socket))
        server.listen()
        threading.Thread(target=_answer_ping, args=(server,), daemon=True).start()
        assert ssh_tunnel.connect(REMOTE) == local_socket
    assert not ssh.calls


def test_release_closes_the_tunnel_unless_another_command_has_it(ssh: FakeSsh) -> None:
    for is_shared in (True, False):
        connect_error()
        assert ssh_tunnel.active_addresses() == (REMOTE,)
        control_path().touch()
        ssh.log.unlink()
        with (control_path().parent / "users").open() as users:
            if is_shared:
                fcntl.flock(users, fcntl.LOCK_SH)
            ssh_tunnel.release(REMOTE)
        assert ssh_tunnel.active_addresses() == ()
        assert ["exit" in call for call in ssh.calls] == ([] if is_shared else [True])
        assert control_path().exists() == is_shared


def test_a_login_uses_the_tunnel_until_it_ends(ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    container = ContainerInfo("c1", "running", {naming.MANAGED: "1"}, "i1", ())

    def is_in_use() -> bool:
        with (control_path().parent / "users").open() as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    monkeypatch.setenv("DOCKER_HOST", REMOTE)
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: container if is_in_use() else None)
    monkeypatch.setattr(fast_exec, "run_raw", lambda *_: 7 if is_in_use() else None)
    assert ssh_proxy.fast_ssh_proxy("c") == 7
    assert not is_in_use()
    assert ssh_tunnel.active_addresses() == ()


def test_a_login_does_not_open_a_tunnel(ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", REMOTE)
    assert ssh_proxy.fast_ssh_proxy("c") is None
    assert not ssh.calls
    assert ssh_tunnel.active_addresses() == ()


def test_a_login_ignores_a_tunnel_in_a_shared_folder(ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    inspected_endpoints: list[str] = []
    folder = control_path().parent
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    monkeypatch.setenv("DOCKER_HOST", REMOTE)
    monkeypatch.setattr(fast_inspect, "running_container", lambda address, _: inspected_endpoints.append(address))
    assert ssh_proxy.fast_ssh_proxy("c") is None
    assert (inspected_endpoints, ssh.calls) == ([], [])


def _answer_ping(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")


def test_the_local_endpoint_of_a_remote_engine_is_its_socket(ssh: FakeSsh) -> None:
    api: Any = None
    assert client.Engine(REMOTE, api).local_endpoint == f"unix://{ssh_tunnel.local_socket(REMOTE)}"
    assert client.Engine("unix:///x", api).local_endpoint == "unix:///x"


def test_fast_inspect_without_a_tunnel_finds_nothing(ssh: FakeSsh) -> None:
    assert fast_inspect.running_container(REMOTE, "envkit-1000-vision") is None
    assert not ssh.calls


@pytest.mark.proves("the token is sent only to ports that envkit's own connection holds", "real")
def test_a_port_counts_only_while_the_tunnel_holds_it(ssh: FakeSsh) -> None:
    assert ports.local_port(REMOTE, {"8888": 9000}, 8888) == 0
    control_path().parent.mkdir(parents=True)
    control_path().touch()
    assert ports.local_port(REMOTE, {"8888": 9000}, 8888) == 0
    ssh.set_script("exit 0")
    assert ports.local_port(REMOTE, {"8888": 9000}, 8888) == 9000
    assert ports.local_port(REMOTE, {}, 8888) == 0
    assert ports.local_port("unix:///x", {}, 8888) == 8888
    assert ssh.calls[-1][-5:] == ["forward", "-L", "127.0.0.1:9000:127.0.0.1:8888", "--", "engine"]
    assert ssh.calls[-1][:2] == ["-F", "none"]


def test_a_requested_port_is_never_replaced(ssh: FakeSsh) -> None:
    control_path().parent.mkdir(parents=True)
    control_path().touch()
    ssh.set_script("exit 0")
    assert ports.forward(REMOTE, {"8888": 9000}, 8888, None) == {"8888": 9000}
    assert ports.forward(REMOTE, {"8888": 9000}, 8888, 9001) == {"8888": 9001}
    assert ["cancel", "-L", "127.0.0.1:9000:127.0.0.1:8888"] in [call[-5:-2] for call in ssh.calls]
    ssh.set_script("exit 1")
    with pytest.raises(PreconditionError, match=r"jupyter\.port: port 9001") as error:
        ports.forward(REMOTE, {}, 8888, 9001)
    assert error.value.code == "port-taken"


def test_a_folder_name_that_ssh_would_expand_is_not_used(ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ssh.folder in ssh_tunnel.local_socket(REMOTE).parents
    for name in ("a%h", "a b", "a:b", "a" * 90):
        monkeypatch.setenv("XDG_STATE_HOME", str(ssh.folder / name))
        assert ssh.folder not in ssh_tunnel.local_socket(REMOTE).parents


@pytest.mark.proves("engines are used only over unix:// and ssh://", "real")
def test_addresses_of_other_schemes_are_refused_unused() -> None:
    for address in ("tcp://192.0.2.1:2375", "http://192.0.2.1", "https://192.0.2.1", "npipe://x", "fd://"):
        with pytest.raises(PreconditionError) as error:
            client.connect(address)
        assert error.value.code == "endpoint-unsupported", address
        assert "ssh://[user@]host" in error.value.hint, address
