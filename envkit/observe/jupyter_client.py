"""Clients of JupyterLab: through a port of this host's loopback, or through a socket inside the container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit.errors import EngineError
from envkit.observe import jupyter_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend

# An absolute path, because programs that the user installs come first on PATH.
CURL = ("/usr/bin/curl", "--config", "-")


@dataclass(frozen=True, slots=True)
class JupyterClient:
    """A client of JupyterLab.

    Attributes:
        location: Address, for messages.
        get_status: Function that requests a path with a token (or empty) and a time limit in seconds, and returns the
            HTTP status, or 0 without an answer.
    """

    location: str
    get_status: Callable[[str, str, float], int]


def port_client(port: int) -> JupyterClient:
    """Build a client for a published port."""

    def get_status(path: str, token: str, timeout_s: float) -> int:
        return jupyter_port.get_status(port, path, token, timeout_s)

    return JupyterClient(f"http://127.0.0.1:{port}", get_status)


def socket_client(backend: Backend, container: str) -> JupyterClient:
    """Build a client that runs curl in the container, for a JupyterLab that listens on a socket only."""

    def get_status(path: str, token: str, timeout_s: float) -> int:
        lines = [""]
        try:
            backend.run_script(
                container, CURL, curl_config(path, token, timeout_s), lines.append, limit_s=timeout_s + 5
            )
        except EngineError:  # the container has ended, which the caller detects itself
            return 0
        return int(lines[-1]) if lines[-1].isdecimal() else 0

    return JupyterClient(f"{naming.JUPYTER_SOCKET} inside", get_status)


def curl_config(path: str, token: str, timeout_s: float) -> str:
    """Build curl's config for its standard input: as an argument, every process inside could read the token."""
    options = {
        "url": f"http://localhost{path}",
        "unix-socket": naming.JUPYTER_SOCKET,
        "noproxy": "*",
        "max-time": f"{max(timeout_s, 1):.0f}",
        "output": "/dev/null",
        "write-out": "%{http_code}\\n",
        **({"header": f"Authorization: token {token}"} if token else {}),
    }
    return "silent\n" + "".join(f'{name} = "{value}"\n' for name, value in options.items())
