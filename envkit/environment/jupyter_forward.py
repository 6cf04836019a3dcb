"""Forward a loopback port through SSH to JupyterLab's Unix socket."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit import process as process_
from envkit.errors import PreconditionError, Unhealthy
from envkit.net import http, ports
from envkit.observe import readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONNECT_TIMEOUT_S = 30
PORT_LIMIT = 65536
POLL_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class PortForward:
    """An active port forward.

    Attributes:
        port: Loopback port, held by an SSH client that envkit started.
        is_alive: Function that checks whether the client is running.
        wait: Function that waits until the client exits and returns its exit code.
    """

    port: int
    is_alive: Callable[[], bool]
    wait: Callable[[], int]


@contextmanager
def open_forward(config: Path, host: str, hint: str) -> Iterator[PortForward]:
    """Forward a free loopback port to JupyterLab's socket while the body runs.

    Args:
        config: Configuration file of the SSH client.
        host: Host name in that file.
        hint: Command that repairs the environment, for the error.

    Raises:
        PreconditionError: This host has no SSH client.
        Unhealthy: The forward fails, or JupyterLab does not answer through it.
    """
    client = process_.which("ssh")
    if client is None:
        raise PreconditionError(
            "there is no ssh client on this host",
            code="ssh-client-missing",
            hint="sudo apt-get install openssh-client",
        )
    busy_ports = ports.busy()
    port = next(candidate for candidate in range(naming.JUPYTER_PORT, PORT_LIMIT) if candidate not in busy_ports)
    options = [f"-o{option}" for option in ("BatchMode=yes", "ExitOnForwardFailure=yes", "ControlMaster=no")]
    command = [client, "-F", str(config), *options, "-N", "-L", f"127.0.0.1:{port}:{naming.JUPYTER_SOCKET}", host]
    with process_.run_in_background(command) as process:
        forward = PortForward(port, process.is_alive, process.wait)
        _wait_until_ready(forward, hint)
        yield forward


def _wait_until_ready(forward: PortForward, hint: str) -> None:
    deadline = time.monotonic() + CONNECT_TIMEOUT_S
    while forward.is_alive() and time.monotonic() < deadline:
        # The client exits if the port is taken, so while it runs no other process listens there.
        if http.get(forward.port, readiness.PUBLIC_PATH).status == readiness.OK and forward.is_alive():
            return
        time.sleep(POLL_INTERVAL_S)
    raise Unhealthy(
        "JupyterLab does not answer through SSH",
        code="jupyter-unreachable",
        hint=f"{hint}; envkit ssh true checks whether SSH works",
    )
