"""A fake engine on a Unix socket with one container, in which one program prints something and then echoes stdin."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from envkit import naming
from tests.unit.test_container_exec import framed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GREETING = b"SSH-2.0-x\r\n"
RAW = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
STREAMS = (RAW, RAW.replace(b"raw", b"multiplexed"))  # the first is an older engine's


class Engine:
    """The fake engine.

    Args:
        socket_path: Path of its socket.
        answers: Whole responses by request line without the HTTP version; they replace the default ones.
        output: Framed output of the program, sent together with the headers of the response, as real engines may do.
        code: Exit code of the program.
    """

    def __init__(
        self, socket_path: Path, answers: dict[str, bytes], output: bytes = framed(GREETING), code: int = 7
    ) -> None:
        self.socket_path, self.output, self.code = socket_path, output, code
        self.answers = self._default_answers() | answers
        self.requests: list[tuple[str, Any]] = []

    @property
    def address(self) -> str:
        return f"unix://{self.socket_path}"

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            request = reader.readline().decode().rsplit(" ", 1)[0]
            length = 0
            while line := reader.readline().strip().lower():
                length = int(line.split(b":")[1]) if line.startswith(b"content-length:") else length
            self.requests.append((request, json.loads(reader.read(length) or b"null")))
            response = self.answers[request]
            with suppress(OSError):  # envkit may close the connection early
                connection.sendall(response)
                while response.startswith((b"HTTP/1.1 101 UPGRADED", *STREAMS)) and (chunk := reader.read1()):
                    connection.sendall(framed(chunk))

    def _default_answers(self) -> dict[str, bytes]:
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
            "POST /exec/e%2F1/start": b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n" + self.output,
            "GET /exec/e%2F1/json": answer(200, {"ExitCode": self.code}),
        }


def answer(status: int, data: object) -> bytes:
    body = json.dumps(data).encode()
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@contextmanager
def engine_at(socket_path: Path, **options: Any) -> Iterator[Engine]:
    """Run a fake engine with one thread per connection."""
    engine = Engine(socket_path, **{"answers": {}, **options})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=engine.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield engine
        listener.shutdown(socket.SHUT_RDWR)
    socket_path.unlink(missing_ok=True)


@contextmanager
def stdin_text(text: bytes) -> Iterator[None]:
    """Replace stdin by a text."""
    read_end, write_end = os.pipe()
    saved_stdin = os.dup(0)
    os.write(write_end, text)
    os.close(write_end)
    os.dup2(read_end, 0)
    try:
        yield
    finally:
        os.dup2(saved_stdin, 0)
        os.close(saved_stdin)
        os.close(read_end)
