"""Proxy between envkit and the real engine, in which a test can hold a request or close all connections.

It forwards bytes both ways and parses only the first line of each request. Tests of an engine or envkit that stops
during a request are thus deterministic.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from typing_extensions import Self

REQUEST = re.compile(rb"((?:GET|HEAD|POST|PUT|DELETE) \S+) HTTP/1\.1\r\n")
CHUNK = 1 << 16
REQUEST_TIMEOUT_S = 120

Action = Literal["hold", "cut", "cut after"]


@dataclass
class Rule:
    """Action for the next matching request: hold it, close all connections, or close them after the response begins."""

    request: re.Pattern[str]
    action: Action
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Gate:
    """Unix socket that replaces the engine's."""

    def __init__(self, path: Path, engine: str) -> None:
        self.path, self.engine = path, engine
        self._rule: Rule | None = None
        self._answers: list[tuple[re.Pattern[str], bytes]] = []
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def env(self) -> Mapping[str, str]:
        """Environment variables that make envkit use this gate."""
        return {"DOCKER_HOST": f"unix://{self.path}"}

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Forward everything; remove rules and held requests."""
        self.close()
        self._rule, self._answers = None, []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        self.path.chmod(0o666)
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept_clients, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Stop listening and close every connection, as if the engine stopped."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _end(listener)
            self.path.unlink()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _end(connection)

    def on(self, request: str, action: Action) -> Rule:
        """Set the rule for the next request whose method and path match, such as `POST .*/start`."""
        self._rule = Rule(re.compile(request), action)
        return self._rule

    def answer(self, request: str, status: str, body: str) -> None:
        """Answer matching requests without the engine: a success as a stream, an error as one body."""
        head, size = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n", len(body.encode())
        if status.startswith("200"):
            text = f"{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"
        else:
            text = f"{head}Content-Length: {size}\r\n\r\n{body}"
        self._answers.append((re.compile(request), text.encode()))

    def _accept_clients(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.engine)
            with self._lock:
                self._connections |= {client, engine}
            threading.Thread(target=self._forward_requests, args=(client, engine), daemon=True).start()

    def _forward_requests(self, client: socket.socket, engine: socket.socket) -> None:
        """Forward a client's requests; another thread forwards the responses."""
        cut_after = threading.Event()
        back = threading.Thread(target=self._forward_responses, args=(engine, client, cut_after), daemon=True)
        back.start()
        passes = True  # a request is forwarded or answered as a whole
        with suppress(OSError):
            while chunk := client.recv(CHUNK):
                if line := REQUEST.match(chunk):
                    passes = self._should_forward(line[1].decode(), client, cut_after)
                if passes:
                    engine.sendall(chunk)
            engine.shutdown(socket.SHUT_WR)

    def _should_forward(self, request_line: str, client: socket.socket, cut_after: threading.Event) -> bool:
        for request, reply in self._answers:
            if request.fullmatch(request_line):
                client.sendall(reply)
                return False
        rule = self._rule
        if rule is None or rule.reached.is_set() or not rule.request.fullmatch(request_line):
            return True
        rule.reached.set()
        if rule.action == "hold":
            rule.released.wait()
        elif rule.action == "cut":
            self.close()
        else:
            cut_after.set()
        return True

    def _forward_responses(self, engine: socket.socket, client: socket.socket, cut_after: threading.Event) -> None:
        with suppress(OSError):
            while chunk := engine.recv(CHUNK):
                client.sendall(chunk)
                if cut_after.is_set():
                    self.close()
            client.shutdown(socket.SHUT_WR)


def wait_for_request(rule: Rule, process: subprocess.Popen[str]) -> None:
    """Wait until envkit sends the request of a rule; fail if it exits before."""
    remaining_tries = REQUEST_TIMEOUT_S * 10
    while not rule.reached.wait(0.1):
        remaining_tries -= 1
        exit_code = process.poll()
        if exit_code is not None or not remaining_tries:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(
                f"envkit never sent {rule.request.pattern}; it exited with code {exit_code}\n{out}{err}"
            )


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
