"""A port of loopback that leads through SSH to JupyterLab's socket, for as long as somebody keeps it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import naming
from envkit import process as process_
from envkit.errors import PreconditionError, Unhealthy
from envkit.net import http
from envkit.observe import readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONNECT_TIMEOUT_S = 30
PORT_LIMIT = 65536
POLL_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class PortForward:
    """A forward that stands.

    Attributes:
        port: On loopback, held by an SSH client of ours.
        is_alive: Says whether it still is.
        wait: Waits until the client ends; returns its exit code.
    """

    port: int
    is_alive: Callable[[], bool]
    wait: Callable[[], int]


@contextmanager
def open_forward(config: Path, host: str, hint: str) -> Iterator[PortForward]:
    """Keep a forward from a free port of loopback to JupyterLab's socket.

    Args:
        config: The client's settings.
        host: The host's name in them.
        hint: The command that brings the environment to order.

    Raises:
        Refusal: There is no SSH client.
        Unhealthy: The forward does not come up, or nobody answers through it.
    """
    client = process_.which("ssh")
    if client is None:
        raise PreconditionError("there is no ssh client on this host", hint="sudo apt-get install openssh-client")
    busy_ports = http.busy_ports()
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
        # The client ends where it cannot have the port, so while it lives nobody else has it.
        if http.get(forward.port, readiness.PUBLIC_PATH).status == readiness.OK and forward.is_alive():
            return
        time.sleep(POLL_INTERVAL_S)
    raise Unhealthy("JupyterLab does not answer through SSH", hint=f"{hint}; envkit ssh true says whether SSH works")
