"""The way to another machine: what its address may be, what OpenSSH's client is told, and how its failures are told."""

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
from envkit.backends.docker import client as client_
from envkit.backends.docker import endpoint, fast_exec, fast_inspect
from envkit.commands import ssh_proxy
from envkit.environment.remote import ports
from envkit.errors import EngineUnavailable, PreconditionError
from envkit.model.engine_state import ContainerInfo
from envkit.ssh_tunnel import Remote

if TYPE_CHECKING:
    from collections.abc import Iterator

FAR = "ssh://ada@build.example.com:2200"


class Client:
    """A stand-in for `ssh`: it logs what it is told, one argument a line, and does what a shell text says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, folder / "calls"
        self.does("exit 1")

    def does(self, script: str) -> None:
        path = self.folder / "ssh"
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{self.calls}; echo . >>{self.calls}\n{script}\n')
        path.chmod(0o755)

    @property
    def told(self) -> list[list[str]]:
        calls = self.calls.read_text().split(".\n") if self.calls.exists() else []
        return [one.splitlines() for one in calls if one]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with tempfile.TemporaryDirectory(prefix="envkit-t-") as folder:  # short: sockets lie in it
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("XDG_STATE_HOME", f"{folder}/state")
        yield Client(Path(folder))
        for address in ssh_tunnel.active_addresses():
            ssh_tunnel.release(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ssh://far", Remote("far")),
        ("ssh://far/", Remote("far")),
        ("ssh://ada@far", Remote("far", "ada")),
        (FAR, Remote("build.example.com", "ada", 2200)),
        ("ssh://192.0.2.1:22", Remote("192.0.2.1", "", 22)),
        ("ssh://[2001:db8::1]:22", Remote("2001:db8::1", "", 22)),
    ],
)
def test_an_address_is_taken_apart(address: str, expected: Remote) -> None:
    assert ssh_tunnel.parse(address) == expected


@pytest.mark.proves("no part of an engine's address becomes an option of the SSH client", "real")
@pytest.mark.parametrize(
    "address",
    [
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
    ],
)
def test_an_address_that_is_none_reaches_no_client(client: Client, address: str) -> None:
    with pytest.raises(PreconditionError, match="names no engine on another machine") as error:
        client_.connect(address)
    assert "ssh://[user@]host[:port]" in error.value.hint
    assert not client.told


@pytest.mark.proves("the caller's own SSH settings count, and none is weakened", "real")
def test_the_client_is_told_nothing_that_weakens_it_and_the_host_comes_last(client: Client) -> None:
    with pytest.raises(EngineUnavailable):
        client_.connect(FAR)
    (line,) = client.told
    assert line[-6:] == ["-l", "ada", "-p", "2200", "--", "build.example.com"]
    options = {one.removeprefix("-o").partition("=")[0] for one in line if one.startswith("-o")}
    assert not options & {"StrictHostKeyChecking", "UserKnownHostsFile", "ProxyCommand", "IdentityFile"}
    for option in ("BatchMode=yes", "ForwardAgent=no", "ClearAllForwardings=yes", "StreamLocalBindMask=0177"):
        assert f"-o{option}" in line
    assert "-F" not in line
    assert stat.S_IMODE(ssh_tunnel.local_socket(FAR).parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("said", "why", "hint"),
    [
        ("Host key verification failed.", "its host key is not the one", "ssh -p 2200 ada@build.example.com shows"),
        ("ada@build: Permission denied (publickey).", "it lets none of your SSH keys in", "ssh-copy-id"),
        ("ssh: Could not resolve hostname build", "it cannot be reached by SSH", "look whether ssh -p 2200 ada@build"),
    ],
)
def test_a_failed_login_is_told_with_the_clients_words(client: Client, said: str, why: str, hint: str) -> None:
    client.does(f'while [ "$1" != -E ]; do shift; done; echo "{said}" >"$2"; exit 255')
    with pytest.raises(EngineUnavailable, match=why) as error:
        client_.connect(FAR)
    assert said in error.value.detail
    assert hint in error.value.hint


def test_a_failure_says_how_the_machine_was_chosen(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", FAR)
    with pytest.raises(EngineUnavailable) as error:
        client_.connect(endpoint.current_endpoint())
    assert error.value.detail.startswith(f"{FAR} (DOCKER_HOST): ")
    assert error.value.hint.endswith("; or unset DOCKER_HOST")
    with endpoint.override(FAR), pytest.raises(EngineUnavailable, match="cannot be reached") as error:
        client_.connect(endpoint.current_endpoint())
    assert error.value.hint.endswith("; or leave --engine out")


def test_a_machine_without_an_engine_is_told_and_the_way_there_closed(client: Client) -> None:
    # It keeps its control socket as the real one does, and answers every question about it.
    client.does("""case "$*" in *" -O exit"*) ;; *" -O "*) ;; *)
        while [ "$1" != -S ]; do shift; done; : >"$2" ;; esac""")
    with pytest.raises(EngineUnavailable, match="lets you in, and no engine answers") as error:
        client_.connect(FAR)
    assert "usermod -aG docker" in error.value.hint
    assert "exit" in client.told[-1]
    assert not any((ssh_tunnel.local_socket(FAR).parent / name).exists() for name in "ce")


def test_a_way_that_stands_is_used_as_it_is(client: Client) -> None:
    at = ssh_tunnel.local_socket(FAR)
    at.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(at))
        door.listen()
        threading.Thread(target=_pong, args=(door,), daemon=True).start()
        assert ssh_tunnel.connect(FAR) == at
    assert not client.told


@pytest.mark.parametrize("others", [False, True])
def test_a_way_that_nobody_uses_is_ended_and_one_that_somebody_uses_is_not(client: Client, *, others: bool) -> None:
    with pytest.raises(EngineUnavailable):
        client_.connect(FAR)
    assert ssh_tunnel.active_addresses() == (FAR,)
    folder = ssh_tunnel.local_socket(FAR).parent
    (folder / "c").touch()
    client.calls.unlink()
    with (folder / "users").open() as other:
        if others:
            fcntl.flock(other, fcntl.LOCK_SH)
        ssh_tunnel.release(FAR)
    assert ssh_tunnel.active_addresses() == ()
    assert ["exit" in one for one in client.told] == ([] if others else [True])
    assert (folder / "c").exists() == others


def test_a_login_uses_the_way_until_it_ends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ContainerInfo("c1", "running", {naming.MANAGED: "1"}, "i1", ())

    def held() -> bool:
        with (ssh_tunnel.local_socket(FAR).parent / "users").open() as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    monkeypatch.setenv("DOCKER_HOST", FAR)
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: ours if held() else None)
    monkeypatch.setattr(fast_exec, "run_raw", lambda *_: 7 if held() else None)
    assert ssh_proxy.ssh_proxy("c") == 7
    assert not held()
    assert ssh_tunnel.active_addresses() == ()


def test_a_login_makes_no_way_by_itself_and_leaves_that_to_the_ordinary_road(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", FAR)
    assert ssh_proxy.ssh_proxy("c") is None
    assert not client.told
    assert ssh_tunnel.active_addresses() == ()


def test_a_login_looks_at_no_way_whose_folder_is_open_to_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    folder = ssh_tunnel.local_socket(FAR).parent
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    monkeypatch.setenv("DOCKER_HOST", FAR)
    monkeypatch.setattr(fast_inspect, "running_container", lambda at, _: looked.append(at))
    assert ssh_proxy.ssh_proxy("c") is None
    assert (looked, client.told) == ([], [])


def _pong(door: socket.socket) -> None:
    guest, _ = door.accept()
    with guest:
        guest.recv(1000)
        guest.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")


def test_programs_that_need_the_engine_itself_are_sent_to_where_it_comes_out_here(client: Client) -> None:
    nobody: Any = None
    assert client_.Engine(FAR, nobody).local_endpoint == f"unix://{ssh_tunnel.local_socket(FAR)}"
    assert client_.Engine("unix:///x", nobody).local_endpoint == "unix:///x"


def test_a_glance_at_a_machine_without_a_way_there_sees_nothing_and_asks_nobody(client: Client) -> None:
    assert fast_inspect.running_container(FAR, "envkit-1000-vision") is None
    assert not client.told


@pytest.mark.proves("the token goes to no port that our own way does not hold", "real")
def test_a_port_counts_only_while_our_own_way_holds_it(client: Client) -> None:
    control = ssh_tunnel.local_socket(FAR).parent / "c"
    assert ports.local_port(FAR, {"8888": 9000}, 8888) == 0
    control.parent.mkdir(parents=True)
    control.touch()
    assert ports.local_port(FAR, {"8888": 9000}, 8888) == 0
    client.does("exit 0")
    assert ports.local_port(FAR, {"8888": 9000}, 8888) == 9000
    assert ports.local_port(FAR, {}, 8888) == 0
    assert ports.local_port("unix:///x", {}, 8888) == 8888
    assert client.told[-1][-5:] == ["forward", "-L", "127.0.0.1:9000:127.0.0.1:8888", "--", "engine"]
    assert client.told[-1][:2] == ["-F", "none"]


def test_a_port_is_kept_or_picked_and_one_that_is_asked_for_is_not_replaced(client: Client) -> None:
    control = ssh_tunnel.local_socket(FAR).parent / "c"
    control.parent.mkdir(parents=True)
    control.touch()
    client.does("exit 0")
    assert ports.forward(FAR, {"8888": 9000}, 8888, None) == {"8888": 9000}
    assert ports.forward(FAR, {"8888": 9000}, 8888, 9001) == {"8888": 9001}
    assert ["cancel", "-L", "127.0.0.1:9000:127.0.0.1:8888"] in [one[-5:-2] for one in client.told]
    client.does("exit 1")
    with pytest.raises(PreconditionError, match=r"jupyter\.port: port 9001 is taken on this machine"):
        ports.forward(FAR, {}, 8888, 9001)


def test_a_folder_whose_name_the_client_would_read_otherwise_is_not_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.folder in ssh_tunnel.local_socket(FAR).parents
    for name in ("a%h", "a b", "a:b", "a" * 90):
        monkeypatch.setenv("XDG_STATE_HOME", str(client.folder / name))
        assert client.folder not in ssh_tunnel.local_socket(FAR).parents


@pytest.mark.proves("engines are used over unix:// and ssh:// alone", "real")
@pytest.mark.parametrize("at", ["tcp://192.0.2.1:2375", "http://192.0.2.1", "https://192.0.2.1", "npipe://x", "fd://"])
def test_an_address_of_another_kind_is_refused_without_asking_it(at: str) -> None:
    with pytest.raises(PreconditionError, match="is not used: ") as error:
        client_.connect(at)
    assert "ssh://[user@]host" in error.value.hint
