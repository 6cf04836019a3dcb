"""Wait until JupyterLab accepts its token, SSH answers and TensorBoard is served.

No wait has a fixed length. Each lasts while the container runs and makes progress: its log grows or it uses CPU time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envkit import host as host_facts
from envkit import process
from envkit.errors import Unhealthy
from envkit.net import ports
from envkit.observe import jupyter_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.model.activity import Activity
    from envkit.observe.jupyter_client import JupyterClient

# Between two requests to a server that does not answer yet. Each also makes the engine inspect the container: on two
# processors, twice as many requests delayed JupyterLab's first answer by 0.1 to 0.2 s.
PAUSE_S = 0.1
SAMPLE_S = 5.0  # between two measurements of the container's activity; a usual start needs none
STALL_S = 60.0  # a wait ends after this long without progress
LIMIT_S = 300.0  # a wait ends after this long even with progress
CPU_PROGRESS_S = 1.0  # of CPU time: an idle container with its health check uses less within STALL_S
SSH_LOGIN_S = 30
TENSORBOARD_REQUEST_S = 30.0  # JupyterLab holds the request while TensorBoard starts
OK = jupyter_port.OK
PUBLIC_PATH = "/api"  # answers without a token
NO_ACCOUNT = "your user id has no account on this host, and the ssh client requires one"
NO_CLIENT = "the SSH login was not tested: there is no ssh client on this host"


class ProgressWait:
    """A wait that lasts as long as a container makes progress.

    Args:
        measure: Function that measures the container's activity; it returns None if the engine does not answer.
        stall_s: Seconds without progress after which the wait ends.
        limit_s: Seconds after which the wait ends in any case.
        clock: Monotonic clock in seconds.
        sleep: Function that sleeps for some seconds.
    """

    def __init__(
        self,
        measure: Callable[[], Activity | None],
        *,
        stall_s: float = STALL_S,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._measure, self._clock, self._sleep = measure, clock, sleep
        self.stall_s, self.limit_s = stall_s, limit_s
        self._started_at = self._measured_at = self._progressed_at = clock()
        self._log_position: str | None = None
        self._cpu_s: float | None = None

    def pause(self, *, answered: bool = False) -> bool:
        """Sleep for one polling interval, and return whether to poll again.

        Args:
            answered: Whether the server answered the last request, though not as wanted. Its log and its CPU time then
                grow because of the requests, which is not progress.
        """
        if self._clock() - self._measured_at >= SAMPLE_S:
            if self._has_progressed() and not answered:
                self._progressed_at = self._clock()
            self._measured_at = self._clock()
        if self.remaining_s <= 0 or self._clock() - self._progressed_at >= self.stall_s:
            return False
        self._sleep(PAUSE_S)
        return True

    @property
    def remaining_s(self) -> float:
        """Seconds until the wait ends even with progress."""
        return self._started_at + self.limit_s - self._clock()

    @property
    def outcome(self) -> str:
        """How long the wait lasted and why it ended, for messages."""
        if self.remaining_s <= 0:
            return f"after {self.limit_s:.0f} s, and the container is still busy"
        return f"after {self._clock() - self._started_at:.0f} s, the last {self.stall_s:.0f} s without progress"

    def _has_progressed(self) -> bool:
        activity = self._measure()
        if activity is None:
            return False
        has_new_log = self._log_position is not None and activity.log_position != self._log_position
        self._log_position = activity.log_position
        if self._cpu_s is None or activity.cpu_s < self._cpu_s:  # the first measurement, or the container restarted
            self._cpu_s = activity.cpu_s
        has_used_cpu = activity.cpu_s - self._cpu_s >= CPU_PROGRESS_S
        if has_used_cpu:
            self._cpu_s = activity.cpu_s
        return has_used_cpu or has_new_log


def wait_for_jupyter(client: JupyterClient, token: str, is_ours: Callable[[], bool], wait: ProgressWait) -> None:
    """Wait until the Jupyter server accepts the token, which is sent only to envkit's container.

    Args:
        client: Client of the server.
        token: Token of the environment; a server that rejects it belongs to another environment.
        is_ours: Function that checks whether envkit's container holds the port now; raises if it has ended.
        wait: Wait that decides when to give up.

    Raises:
        Unhealthy: The server does not answer, or rejects the token.
    """
    rejected_status = 0
    while True:
        status = public_status = 0
        # `/api` needs no token, so polling sends none.
        if is_ours():
            public_status = client.get_status(PUBLIC_PATH, "", jupyter_port.REQUEST_S)
            if public_status == OK and is_ours():
                status = get_token_status(client, token)
                if status == OK:
                    return
                rejected_status = status or rejected_status
        # A refused request is no progress, although the server logs it.
        if not wait.pause(answered=bool(status or public_status)):
            break
    problem = "does not answer"
    if rejected_status or public_status:
        problem = f"answers {rejected_status} to its own token" if rejected_status else f"answers {public_status}"
    raise Unhealthy(
        f"JupyterLab at {client.location} {problem} {wait.outcome}",
        code="jupyter-token-rejected" if rejected_status else "jupyter-unreachable",
        hint="envkit logs shows its output; envkit down and envkit up recreate it",
    )


def get_token_status(client: JupyterClient, token: str) -> int:
    """Request Jupyter's status with the token, and return the HTTP status, or 0 without an answer.

    Call it only while envkit's container holds the port: at any other time another process may listen there.
    """
    return client.get_status(jupyter_port.STATUS_PATH, token, jupyter_port.REQUEST_S)


def wait_for_tensorboard(client: JupyterClient, token: str, is_ours: Callable[[], bool], wait: ProgressWait) -> str:
    """Wait until TensorBoard answers behind Jupyter's login, and return an empty string or what is wrong.

    Args:
        client: Client of the Jupyter server.
        token: Token of the environment.
        is_ours: Function that checks whether envkit's container holds the port now; raises if it has ended.
        wait: Wait that decides when to give up.
    """
    while True:
        status = 0
        if is_ours():
            status = client.get_status("/tensorboard/", token, max(1.0, min(TENSORBOARD_REQUEST_S, wait.remaining_s)))
            if status == OK:
                return ""
        if not wait.pause(answered=bool(status)):
            return f"TensorBoard's route answers {status or 'nothing'} {wait.outcome}"


def wait_for_sshd(port: int, is_ours: Callable[[], bool], wait: ProgressWait) -> None:
    """Wait until an SSH server answers at a published port of loopback.

    Args:
        port: Port of loopback.
        is_ours: Function that checks whether envkit's container runs; raises if it has ended.
        wait: Wait that decides when to give up.

    Raises:
        Unhealthy: No SSH server answers.
    """
    while True:
        if is_ours() and is_ssh_server(port):
            return
        if not wait.pause():
            break
    raise Unhealthy(
        f"SSH at port {port} of 127.0.0.1 does not answer {wait.outcome}",
        code="ssh-unreachable",
        hint="envkit logs shows its output; envkit down and envkit up recreate it",
    )


def is_ssh_server(port: int) -> bool:
    """Check once whether an SSH server answers at a port; the login verifies which one, by its pinned host key."""
    return ports.read_banner(port).startswith(b"SSH-2.0-")


def check_ssh_login(config: Path, host: str) -> str:
    """Log in with the key through the pinned host key, and return an empty string or what is wrong."""
    if process.which("ssh") is None:
        return NO_CLIENT
    if not host_facts.has_account():
        return NO_ACCOUNT
    # The user did not ask for this login, so the agent is not forwarded.
    options = [f"-o{option}" for option in ("BatchMode=yes", "ControlMaster=no", "ForwardAgent=no")]
    argv = ["ssh", "-F", str(config), *options, host, "true"]
    try:
        result = process.run(argv, timeout_s=SSH_LOGIN_S)
    except Exception as error:  # noqa: BLE001 - a failing client must not fail the environment, which is up
        return f"the SSH login could not be tested: {type(error).__name__}"
    return "" if result.code == 0 else f"the SSH login failed: {result.err.strip()[-300:]}"
