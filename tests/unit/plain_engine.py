"""An engine that speaks plainly at a socket: what a login needs of one, and any answer in the place of its own."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from envkit import naming
from tests.unit.test_execs import framed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GREETING = b"SSH-2.0-x\r\n"
RAW = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
STREAMS = (RAW, RAW.replace(b"raw", b"multiplexed"))  # the first is an older engine's


class Engine:
    """An engine at a socket that knows one container, and runs one program in it: it says something, then repeats.

    Args:
        door: The socket.
        answers: What it answers in the place of its own: the request's beginning, and the whole answer.
        says: What the program says first; in one piece with the head of the answer, as an engine may send it.
        code: The program's exit code.
    """

    def __init__(self, door: Path, answers: dict[str, bytes], says: bytes = framed(GREETING), code: int = 7) -> None:
        self.door, self.answers, self.says, self.code = door, answers, says, code
        self.asked: list[tuple[str, Any]] = []

    @property
    def address(self) -> str:
        return f"unix://{self.door}"

    def serve(self, guest: socket.socket) -> None:
        with guest, guest.makefile("rb") as reader:
            request = reader.readline().decode().rsplit(" ", 1)[0]
            length = 0
            while line := reader.readline().strip().lower():
                length = int(line.split(b":")[1]) if line.startswith(b"content-length:") else length
            self.asked.append((request, json.loads(reader.read(length) or b"null")))
            own = self.answers | {one: text for one, text in self.plain().items() if one not in self.answers}
            with suppress(OSError):  # it may hang up on what it does not want to hear
                guest.sendall(own[request])
                while own[request].startswith((b"HTTP/1.1 101 UPGRADED", *STREAMS)) and (chunk := reader.read1()):
                    guest.sendall(framed(chunk))

    def plain(self) -> dict[str, bytes]:
        container = {
            "Id": "c1",
            "Image": "i1",
            "State": {"Status": "running"},
            "Config": {"Labels": {naming.MANAGED: "1"}},
            "NetworkSettings": {"Networks": {}},
        }
        return {
            "GET /containers/c/json": answer(200, container),
            "POST /containers/c/exec": answer(201, {"Id": "e/1"}),
            "POST /exec/e%2F1/start": b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n" + self.says,
            "GET /exec/e%2F1/json": answer(200, {"ExitCode": self.code}),
        }


def answer(status: int, data: object) -> bytes:
    body = json.dumps(data).encode()
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@contextmanager
def engine_at(door: Path, **given: Any) -> Iterator[Engine]:
    """Run such an engine; each connection has a thread of its own."""
    engine = Engine(door, **{"answers": {}, **given})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(door))
        listener.listen()

        def accept() -> None:
            while True:
                try:
                    guest, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=engine.serve, args=(guest,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield engine
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def typed(text: bytes) -> Iterator[None]:
    """Put a text, and its end, on our stdin."""
    reads, writes = os.pipe()
    kept = os.dup(0)
    os.write(writes, text)
    os.close(writes)
    os.dup2(reads, 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reads)
