"""A package index that asks for a login, on this host; who has it is sent on to the index that pip knows."""

from __future__ import annotations

import base64
import os
import socketserver
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.account import User

KNOWN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class _Asking(BaseHTTPRequestHandler):
    """Sends on who has the login, and looks meanwhile whether any process of the host shows the password."""

    server: PrivateIndex

    def do_GET(self) -> None:
        let_in = self.headers.get("Authorization") == self.server.expected
        if let_in:
            self.server.served.append((str(self.headers.get("User-Agent")).split("/")[0], self.path))
            self.server.shown += _arguments_with(self.server.password)
        self.send_response(302 if let_in else 401)
        name, value = ("Location", self.server.upstream + self.path.removeprefix("/simple/"))
        if not let_in:
            name, value = "WWW-Authenticate", 'Basic realm="packages"'
        self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class PrivateIndex(socketserver.ThreadingTCPServer):
    """The index.

    Attributes:
        host: Address it listens at: one of this machine's that builds reach and no other machine.
        password: What it asks for, from `ada`.
        served: Program and path of each request that had the login.
        shown: Arguments of processes of this host in which the password stood meanwhile.
    """

    daemon_threads = True

    def __init__(self, host: str, password: str, upstream: str) -> None:
        super().__init__((host, 0), _Asking)
        self.host, self.password, self.upstream = host, password, upstream
        self.expected = "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()
        self.served: list[tuple[str, str]] = []
        self.shown: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.server_address[1]}/simple/"

    @property
    def env(self) -> dict[str, str]:
        """What keeps a proxy from being asked for it."""
        without = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "", self.host]
        return {name: ",".join(filter(None, without)) for name in ("no_proxy", "NO_PROXY")}


@contextmanager
def private_index(host: str, password: str, user: User, python: Path) -> Iterator[PrivateIndex]:
    """Serve an index; `python` is one that has pip."""
    known = user.run([python, "-c", KNOWN])
    assert known.code == 0, str(known)
    upstream = os.environ.get("PIP_INDEX_URL") or known.out.strip()
    with PrivateIndex(host, password, upstream.rstrip("/") + "/") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _arguments_with(word: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found.append((process / "cmdline").read_text(errors="replace"))
    return [one for one in found if word in one]
