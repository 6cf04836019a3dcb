"""Where JupyterLab answers: a port of this host's loopback, or a socket that only a program inside reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit.errors import EngineError
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.docker.client import Engine

# Not by name: what the user installs comes first on the PATH of whatever is started inside.
CURL = ("/usr/bin/curl", "--config", "-")


@dataclass(frozen=True, slots=True)
class JupyterClient:
    """A way to JupyterLab.

    Attributes:
        location: For messages.
        get_status: Asks for a path, with a token or without, within some seconds; returns the HTTP status, 0 for no answer.
    """

    location: str
    get_status: Callable[[str, str, float], int]


def port_client(port: int) -> JupyterClient:
    """Return the way through a published port."""

    def get_status(path: str, token: str, timeout_s: float) -> int:
        headers = {"Authorization": f"token {token}"} if token else {}
        return http.get(port, path, headers=headers, timeout_s=timeout_s).status

    return JupyterClient(f"http://127.0.0.1:{port}", get_status)


def socket_client(engine: Engine, container: str) -> JupyterClient:
    """Return the way through a program in the container, where JupyterLab listens at no port."""
    from envkit.backends.docker import container_exec  # brings the SDK, which a look at a port does without

    def get_status(path: str, token: str, timeout_s: float) -> int:
        lines = [""]
        try:
            container_exec.run_script(
                engine, container, CURL, curl_config(path, token, timeout_s), lines.append, limit_s=timeout_s + 5
            )
        except EngineError:  # the container ended meanwhile: whoever waits asks for that too
            return 0
        return int(lines[-1]) if lines[-1].isdecimal() else 0

    return JupyterClient(f"{naming.JUPYTER_SOCKET} inside", get_status)


def curl_config(path: str, token: str, timeout_s: float) -> str:
    """Return the words for curl's standard input: in an argument, everybody inside could read the token."""
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
