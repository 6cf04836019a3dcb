"""Readiness: our Jupyter, with our token, at the address that will be printed; sshd with our key; TensorBoard.

Nothing here sleeps for a fixed time: each look is repeated until it succeeds, the container ends, or the
time is up.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envkit import process
from envkit.errors import Unhealthy
from envkit.net import http

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.observe.jupyter_client import JupyterClient

# Between two looks at a server that does not answer yet. Each has the engine look at the container too: on two
# processors, twice as many looks had JupyterLab answer a tenth of a second or two later.
PAUSE_S = 0.1
JUPYTER_S = 120
TENSORBOARD_S = 60
SSH_S = 30
REQUEST_S = 5.0
OK = 200
PUBLIC_PATH = "/api"  # answers everybody
NO_CLIENT = "there is no ssh client on this host to try the login with"


def wait_for_jupyter(
    client: JupyterClient, token: str, is_ours: Callable[[], bool], *, timeout_s: float = JUPYTER_S
) -> None:
    """Wait until the Jupyter server at a door accepts the token, which is sent to our container alone.

    Args:
        client: Where it should answer.
        token: Ours; a server that rejects it is not ours.
        is_ours: Says whether our container holds the port at this moment, and raises when it has ended.
        timeout_s: How long to wait.

    Raises:
        Unhealthy: The time is up, or another server answers at the port.
    """
    deadline, rejected_status = time.monotonic() + timeout_s, 0
    while time.monotonic() < deadline:
        # `/api` needs no token: the wait itself sends none.
        if is_ours() and client.get_status(PUBLIC_PATH, "", REQUEST_S) == OK and is_ours():
            status = get_token_status(client, token)
            if status == OK:
                return
            rejected_status = status or rejected_status
        time.sleep(PAUSE_S)
    problem = f"answers {rejected_status} to its own token" if rejected_status else "does not answer"
    raise Unhealthy(
        f"JupyterLab at {client.location} {problem} after {timeout_s:.0f} s",
        hint="envkit logs shows what it printed; envkit down and envkit up start it anew",
    )


def get_token_status(client: JupyterClient, token: str) -> int:
    """Ask Jupyter for its status with the token, once; returns the HTTP status, 0 for no answer.

    Only while our own container holds the port: at any other time somebody else may listen there.
    """
    return client.get_status("/api/status", token, REQUEST_S)


def wait_for_tensorboard(
    client: JupyterClient, token: str, is_ours: Callable[[], bool], *, timeout_s: float = TENSORBOARD_S
) -> str:
    """Ask for TensorBoard behind Jupyter's login until it answers; returns an empty text or what is wrong.

    `is_ours` is asked before the token is sent, as in `jupyter`.
    """
    deadline, status = time.monotonic() + timeout_s, 0
    while (remaining_s := deadline - time.monotonic()) > 0:
        if is_ours():
            status = client.get_status("/tensorboard/", token, remaining_s)
            if status == OK:
                return ""
        time.sleep(PAUSE_S)
    return f"TensorBoard's route answers {status or 'nothing'}"


def wait_for_sshd(port: int, is_ours: Callable[[], bool], *, timeout_s: float = SSH_S) -> None:
    """Wait until an SSH server speaks at a published port of loopback.

    Args:
        port: On loopback.
        is_ours: Says whether our container runs, and raises when it has ended.
        timeout_s: How long to wait.

    Raises:
        Unhealthy: The time is up.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if is_ours() and is_ssh_server(port):
            return
        time.sleep(PAUSE_S)
    raise Unhealthy(
        f"SSH at port {port} of 127.0.0.1 does not answer after {timeout_s:.0f} s",
        hint="envkit logs shows what it printed; envkit down and envkit up start it anew",
    )


def is_ssh_server(port: int) -> bool:
    """Say whether an SSH server speaks at a port, once; who it is, the login through the pinned host key says."""
    return http.read_banner(port).startswith(b"SSH-2.0-")


def check_ssh_login(config: Path, host: str) -> str:
    """Log in with the key through the pinned host key; returns an empty text or what is wrong."""
    if process.which("ssh") is None:
        return NO_CLIENT
    # Nobody asked for a login of their own here, so no agent goes along.
    options = [f"-o{option}" for option in ("BatchMode=yes", "ControlMaster=no", "ForwardAgent=no")]
    argv = ["ssh", "-F", str(config), *options, host, "true"]
    try:
        result = process.run(argv, timeout_s=SSH_S)
    except Exception as error:  # noqa: BLE001 - whatever the client does, the environment itself is up
        return f"the SSH login could not be tried: {type(error).__name__}"
    return "" if result.code == 0 else f"the SSH login failed: {result.err.strip()[-300:]}"
