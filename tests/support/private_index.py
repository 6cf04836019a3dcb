"""A package index on this host that requires a login and redirects to the index that pip is configured for."""

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

    from tests.support.account import User

PRINT_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class _Handler(BaseHTTPRequestHandler):
    """Redirects authorized requests, and checks whether a process of the host shows the password."""

    server: PrivateIndex

    def do_GET(self) -> None:
        authorized = self.headers.get("Authorization") == self.server.expected
        if authorized:
            self.server.served.append((str(self.headers.get("User-Agent")).split("/")[0], self.path))
            self.server.shown += _command_lines_with(self.server.password)
        self.send_response(302 if authorized else 401)
        name, value = ("Location", self.server.upstream + self.path.removeprefix("/simple/"))
        if not authorized:
            name, value = "WWW-Authenticate", 'Basic realm="packages"'
        self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Do not log requests."""


class PrivateIndex(socketserver.ThreadingTCPServer):
    """The index.

    Attributes:
        host: Address that it listens on: reachable from builds, not from other machines.
        password: Password of the user `ada`.
        served: Program and path of each authorized request.
        shown: Command lines of this host's processes that contained the password during a request.
    """

    daemon_threads = True

    def __init__(self, host: str, password: str, upstream: str) -> None:
        super().__init__((host, 0), _Handler)
        self.host, self.password, self.upstream = host, password, upstream
        self.expected = "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()
        self.served: list[tuple[str, str]] = []
        self.shown: list[str] = []

    @property
    def url(self) -> str:
        """URL of the index."""
        return f"http://{self.host}:{self.server_address[1]}/simple/"

    @property
    def env(self) -> dict[str, str]:
        """Variables that exclude it from the proxy."""
        hosts = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "", self.host]
        return {name: ",".join(filter(None, hosts)) for name in ("no_proxy", "NO_PROXY")}


@contextmanager
def private_index(host: str, password: str, user: User, python: Path) -> Iterator[PrivateIndex]:
    """Serve an index; `python` is an interpreter that has pip."""
    default_index = user.run([python, "-c", PRINT_DEFAULT_INDEX])
    assert default_index.code == 0, str(default_index)
    upstream = os.environ.get("PIP_INDEX_URL") or default_index.out.strip()
    with PrivateIndex(host, password, upstream.rstrip("/") + "/") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _command_lines_with(word: str) -> list[str]:
    command_lines = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command_lines.append((process / "cmdline").read_text(errors="replace"))
    return [command_line for command_line in command_lines if word in command_line]
