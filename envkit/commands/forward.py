"""A port of loopback that leads through SSH to JupyterLab's socket, for as long as somebody keeps it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import names, net, proc
from envkit.errors import Refusal, Unhealthy
from envkit.observe import ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMIT_S = 30
PORT_LIMIT = 65536
PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward that stands.

    Attributes:
        port: On loopback, held by an SSH client of ours.
        alive: Says whether it still is.
        wait: Waits until the client ends; returns its exit code.
    """

    port: int
    alive: Callable[[], bool]
    wait: Callable[[], int]


@contextmanager
def forwarded(config: Path, host: str, mend: str) -> Iterator[Forward]:
    """Keep a forward from a free port of loopback to JupyterLab's socket.

    Args:
        config: The client's settings.
        host: The host's name in them.
        mend: The command that brings the environment to order.

    Raises:
        Refusal: There is no SSH client.
        Unhealthy: The forward does not come up, or nobody answers through it.
    """
    client = proc.which("ssh")
    if client is None:
        raise Refusal("there is no ssh client on this host", mend="sudo apt-get install openssh-client")
    busy = net.busy_ports()
    port = next(one for one in range(names.JUPYTER_PORT, PORT_LIMIT) if one not in busy)
    options = [f"-o{one}" for one in ("BatchMode=yes", "ExitOnForwardFailure=yes", "ControlMaster=no")]
    line = [client, "-F", str(config), *options, "-N", "-L", f"127.0.0.1:{port}:{names.JUPYTER_SOCKET}", host]
    with proc.beside(line) as beside:
        made = Forward(port, beside.alive, beside.wait)
        _until_it_answers(made, mend)
        yield made


def _until_it_answers(made: Forward, mend: str) -> None:
    until = time.monotonic() + LIMIT_S
    while made.alive() and time.monotonic() < until:
        # The client ends where it cannot have the port, so while it lives nobody else has it.
        if net.get(made.port, ready.OPEN).status == ready.OK and made.alive():
            return
        time.sleep(PAUSE_S)
    raise Unhealthy("JupyterLab does not answer through SSH", mend=f"{mend}; envkit ssh true says whether SSH works")
