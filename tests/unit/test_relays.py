"""A program that leads other machines to the workspace is found by the connections that it makes."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envkit.net import relays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def listening(target: int | None = None) -> Iterator[int]:
    """Yield the port of a server, which connects to a target port for each connection that it accepts."""
    server, connections = socket.create_server(("127.0.0.1", 0)), list[socket.socket]()

    def accept() -> None:
        while True:
            try:
                connections.append(server.accept()[0])
            except OSError:
                return
            if target is not None:
                connections.append(socket.create_connection(("127.0.0.1", target)))

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        for connection in (server, *connections):
            connection.close()


def test_only_a_listener_that_connects_to_the_workspace_is_a_relay() -> None:
    with listening() as workspace, listening(workspace) as relay, listening() as other:
        candidates = [("127.0.0.1", relay), ("127.0.0.1", other)]
        assert relays.find_relays(candidates, {("127.0.0.1", workspace)}) == (f"127.0.0.1:{relay}",)
        assert relays.find_relays([("127.0.0.1", other)], {("127.0.0.1", workspace)}) == ()


def test_only_public_listeners_are_candidates(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    rows = ("0100007F:1F90 00000000:0000 0A", "00000000:2631 00000000:0000 0A", "0200B70A:22B8 0100B70A:DB1A 01")
    table.write_text("header\n" + "".join(f"   {number}: {row} 0\n" for number, row in enumerate(rows)))
    assert relays.public_listeners([str(table)]) == (("0.0.0.0", 9777),)
    mapped = "0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A"
    table.write_text(f"header\n   0: {mapped} 0\n")
    assert relays.public_listeners([str(table)]) == ()
