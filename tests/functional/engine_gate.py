"""A gate between envkit and the real engine: a test holds a request there, or takes the engine away.

It carries bytes both ways and reads nothing but the first line of each request. What envkit does when the
engine goes away in the middle, or when envkit itself is killed there, is then no matter of luck.
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
REACHED_S = 120

Deed = Literal["hold", "cut", "cut after"]


@dataclass
class Rule:
    """What happens at the next request that matches: it is held, the engine goes, or goes after its answer began."""

    request: re.Pattern[str]
    deed: Deed
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Gate:
    """A unix socket that stands for the engine's."""

    def __init__(self, path: Path, engine: str) -> None:
        self.path, self.engine = path, engine
        self._rule: Rule | None = None
        self._answers: list[tuple[re.Pattern[str], bytes]] = []
        self._door: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def env(self) -> Mapping[str, str]:
        """What sends envkit through this gate."""
        return {"DOCKER_HOST": f"unix://{self.path}"}

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def open(self) -> None:
        """Let everything through, and forget rules and held requests."""
        self.shut()
        self._rule, self._answers = None, []
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(self.path))
        self.path.chmod(0o666)
        door.listen(64)
        self._door = door
        threading.Thread(target=self._take_in, args=(door,), daemon=True).start()

    def shut(self) -> None:
        """Take the engine away: nobody answers, and every connection ends."""
        door, self._door = self._door, None
        if door is not None:
            _end(door)
            self.path.unlink()
        with self._lock:
            left, self._open = self._open, set()
        for connection in left:
            _end(connection)

    def on(self, request: str, deed: Deed) -> Rule:
        """Make a rule for the next request whose method and path match, such as `POST .*/start`."""
        self._rule = Rule(re.compile(request), deed)
        return self._rule

    def answer(self, request: str, status: str, body: str) -> None:
        """Answer requests that match in the engine's place: a success as a stream, an error as a whole."""
        head, size = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n", len(body.encode())
        if status.startswith("200"):
            text = f"{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"
        else:
            text = f"{head}Content-Length: {size}\r\n\r\n{body}"
        self._answers.append((re.compile(request), text.encode()))

    def _take_in(self, door: socket.socket) -> None:
        while True:
            try:
                guest, _ = door.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.engine)
            with self._lock:
                self._open |= {guest, engine}
            threading.Thread(target=self._ask, args=(guest, engine), daemon=True).start()

    def _ask(self, guest: socket.socket, engine: socket.socket) -> None:
        """Carry what a guest says; the answers go back in a thread that starts with the first request."""
        cut_after = threading.Event()
        back = threading.Thread(target=self._bring_back, args=(engine, guest, cut_after), daemon=True)
        back.start()
        passes = True  # a request goes through as a whole, or is answered here as a whole
        with suppress(OSError):
            while chunk := guest.recv(CHUNK):
                if line := REQUEST.match(chunk):
                    passes = self._lets_through(line[1].decode(), guest, cut_after)
                if passes:
                    engine.sendall(chunk)
            engine.shutdown(socket.SHUT_WR)

    def _lets_through(self, words: str, guest: socket.socket, cut_after: threading.Event) -> bool:
        for request, reply in self._answers:
            if request.fullmatch(words):
                guest.sendall(reply)
                return False
        rule = self._rule
        if rule is None or rule.reached.is_set() or not rule.request.fullmatch(words):
            return True
        rule.reached.set()
        if rule.deed == "hold":
            rule.released.wait()
        elif rule.deed == "cut":
            self.shut()
        else:
            cut_after.set()
        return True

    def _bring_back(self, engine: socket.socket, guest: socket.socket, cut_after: threading.Event) -> None:
        with suppress(OSError):
            while chunk := engine.recv(CHUNK):
                guest.sendall(chunk)
                if cut_after.is_set():
                    self.shut()
            guest.shutdown(socket.SHUT_WR)


def reached(rule: Rule, process: subprocess.Popen[str]) -> None:
    """Wait until envkit sent the request of a rule; it must not end before."""
    tries = REACHED_S * 10
    while not rule.reached.wait(0.1):
        tries -= 1
        ended = process.poll()
        if ended is not None or not tries:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"envkit never sent {rule.request.pattern}; it ended with {ended}\n{out}{err}")


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
