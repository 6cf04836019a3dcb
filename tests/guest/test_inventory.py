"""The inventory of a container: rights of files, leaks, processes, mounts, sockets, engines."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from envkit.guest import file_inventory as files_module
from envkit.guest import gateway_scan as gateway_module
from envkit.guest import process_inventory as process_module

if TYPE_CHECKING:
    from pathlib import Path

# Guest programs have no types.
file_inventory: Any = files_module
gateway_scan: Any = gateway_module
process_inventory: Any = process_module
OTHER = 4242  # a user and a group without files


def scan(folder: Path, uid: int = OTHER, gid: int = OTHER, secret: bytes = b"") -> dict[str, list[str]]:
    found: dict[str, list[str]] = file_inventory.Inventory(uid, gid, secret).scan(str(folder))
    return {key: [text.removeprefix(f"{folder}/") for text in found[key]] for key in ("rights", "leaks")}


def test_every_kind_of_right_is_found(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for mode, reason in (
        (0o4755, "has mode 4755"),
        (0o2755, "has mode 2755"),
        (0o666, "can be written by every user"),
        (0o644, ""),
    ):
        (tmp_path / "file").write_text("x")
        (tmp_path / "file").chmod(mode)
        assert scan(tmp_path)["rights"] == ([f"file {reason}"] if reason else []), oct(mode)
    (tmp_path / "folder").chmod(0o777)
    assert scan(tmp_path)["rights"] == ["folder can be written by every user"]


def test_files_of_the_workspace_s_user_and_group_are_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o664)
    for user, group, reason in ((7, OTHER, "user"), (OTHER, 7, "group"), (0, 0, "")):
        inventory = file_inventory.Inventory(user, group)
        owner = 0 if reason == "" else 7
        info = SimpleNamespace(st_mode=(tmp_path / "file").stat().st_mode, st_uid=owner, st_gid=owner)
        found = inventory.find_right(str(tmp_path / "file"), info)
        assert found == (f"can be written by the workspace's {reason}" if reason else ""), reason


def test_links_and_other_file_systems_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/tmp")
    (tmp_path / "root").symlink_to("/")
    assert scan(tmp_path) == {"rights": [], "leaks": []}


def test_a_secret_is_found_in_small_files_outside_of_packages(tmp_path: Path) -> None:
    (tmp_path / "site-packages").mkdir()
    for name in ("token.txt", "site-packages/token.txt"):
        (tmp_path / name).write_text("TOKEN=t0k3n\n")
    assert scan(tmp_path, secret=b"t0k3n")["leaks"] == ["token.txt"]


def test_a_program_that_is_starting_does_not_count(tmp_path: Path) -> None:
    for pid, command in (("7", b"sleep\x001"), ("9", b"runc\x00init")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(command)
        (tmp_path / pid / "status").write_text("Uid:\t0\t0\t0\t0\nCapEff:\t00\n")
    timer = threading.Timer(0.05, (tmp_path / "9/cmdline").write_bytes, [b"sleep\x002"])
    timer.start()
    (process,) = process_inventory.list_processes(OTHER, tmp_path)["processes"]
    assert (process["pid"], process["command"], process["CapEff"]) == (7, "sleep 1", "00")


def test_mounts_are_read_with_their_source_and_options(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 254:0 /srv/a\\040b//deleted /work\\040space ro,nosuid master:1 - ext4 /dev/vda rw\n"
        "2 1 0:1 / / ro - overlay overlay rw\n"
    )
    first, second = process_inventory.list_mounts(table)["mounts"]
    assert first == {
        "source": "/srv/a b//deleted",
        "target": "/work space",
        "options": "ro,nosuid",
        "type": "ext4",
    }
    assert second["target"] == "/"


def test_listeners_on_loopback_and_clients_are_left_out(tmp_path: Path) -> None:
    rows = {
        "tcp": ("0100007F:1F90 00000000:0000 0A", "00000000:115C 00000000:0000 0A", "0200B70A:22B8 0100B70A:DB1A 01"),
        "udp": ("00000000:14E9 00000000:0000 07", "00000000:D431 00000000:0000 07"),
    }
    found = []
    for name, lines in rows.items():
        table = tmp_path / name
        table.write_text("header\n" + "".join(f"   {number}: {line} 0\n" for number, line in enumerate(lines)))
        found += process_inventory.read_listeners(table, {"tcp": "0A", "udp": "07"}[name])
    assert [(listener["address"], listener["port"]) for listener in found] == [("0.0.0.0", 4444), ("0.0.0.0", 5353)]


def test_only_an_engine_that_waits_for_requests_is_one() -> None:
    found: list[str] = []
    answers = {b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\n\r\nOK": 1, b"HTTP/1.0 200 OK\r\n\r\nOK": 0}
    for answer, count in answers.items():
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=answer_one, args=(server, answer), daemon=True)
            thread.start()
            port = server.getsockname()[1]
            gateway_scan.probe("127.0.0.1", port, found)
            thread.join()
        assert found == [f"127.0.0.1:{port}"] * count, answer
        found.clear()


def answer_one(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        assert connection.recv(4096).startswith(b"GET /_ping ")
        connection.sendall(answer)


def test_a_server_that_speaks_first_receives_nothing() -> None:
    received: list[bytes] = []

    def greet(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(ConnectionResetError):
            connection.sendall(b"SSH-2.0-x\r\n")
            received.append(connection.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=greet, args=(server,), daemon=True)
        thread.start()
        gateway_scan.probe("127.0.0.1", server.getsockname()[1], [])
        thread.join()
    assert b"".join(received) == b""


def test_gateways_are_read_from_the_routes(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text("Iface Destination Gateway Flags\neth0 00000000 0100B70A 0003\neth0 0000B70A 00000000 0001\n")
    assert gateway_scan.find_gateways(table) == ["10.183.0.1"]
