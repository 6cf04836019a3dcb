"""Wait until a started container answers, then verify TensorFlow, SSH and TensorBoard in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import backends, checks, credentials, naming
from envkit.concurrency import start_check
from envkit.environment.remote import ports
from envkit.errors import Unhealthy
from envkit.model.report import Finding, Progress, Verdict
from envkit.observe import jupyter_client, probe, readiness
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.backend import Backend
    from envkit.model.facts import HostGpu
    from envkit.model.plan import Plan
    from envkit.model.report import Observation
    from envkit.observe.jupyter_client import JupyterClient
    from envkit.state import StateDir

LOG_LINES = 15
HANG_TIMEOUT_S = 10.0  # for one answer of a server whose health check has failed for longer
BACKGROUND_TIMEOUT_S = readiness.LIMIT_S + 60  # beyond the longest wait and its last request


@dataclass(frozen=True, slots=True)
class Verification:
    """Verification of a running container.

    Attributes:
        state_dir: State directory of the environment.
        backend: Backend that runs the container.
        plan: Plan of the environment.
        forwarded_ports: Local ports by port of a remote engine.
        on_progress: Callback for progress.
    """

    state_dir: StateDir
    backend: Backend
    plan: Plan
    forwarded_ports: Mapping[str, int]
    on_progress: Callable[[Progress], None]

    @property
    def port(self) -> int:
        """Local port of JupyterLab; 0 if it has none."""
        return ports.local_port(self.backend.endpoint, self.forwarded_ports, self._engine_port)

    @property
    def _engine_port(self) -> int:
        return self.plan.run.host_port(naming.JUPYTER_PORT)

    def wait(self) -> None:
        """Wait until JupyterLab accepts the token, and SSH answers if it has a published port.

        Raises:
            Unhealthy: The container stopped, or made no progress for too long.
        """
        self._refuse_hanging_server()
        readiness.wait_for_jupyter(
            self._jupyter_client(),
            credentials.token(self.state_dir),
            self._owns_port,
            start_wait(self.backend, self.plan.run.name),
        )
        if ssh_port := self.plan.run.host_port(naming.SSH_PORT):
            readiness.wait_for_sshd(ssh_port, self._owns_port, start_wait(self.backend, self.plan.run.name))

    def _refuse_hanging_server(self) -> None:
        """Report a server that hangs at once; a restart would end the programs that run beside it."""
        name, client = self.plan.run.name, self._jupyter_client()
        container = self.backend.container(name)
        if container is None or not container.is_unhealthy:
            return
        if self._owns_port() and not client.get_status(readiness.PUBLIC_PATH, "", HANG_TIMEOUT_S):
            raise Unhealthy(
                f"JupyterLab at {client.location} hangs: the engine calls the container unhealthy",
                code="jupyter-unreachable",
                hint="envkit down, then envkit up, starts it again and ends the programs that run in the container; "
                "envkit exec and envkit logs still work",
            )

    def verify(self, host_gpu: HostGpu) -> tuple[Finding, ...]:
        """Probe TensorFlow, log in by SSH and request TensorBoard in parallel."""
        plan, state_dir = self.plan, self.state_dir
        self.on_progress(Progress("probe", "verifying TensorFlow, SSH and TensorBoard"))
        client, token = self._jupyter_client(), credentials.token(state_dir)
        ssh_check = start_check(
            lambda: readiness.check_ssh_login(state_dir.client / ssh_config.FILE, plan.run.name), BACKGROUND_TIMEOUT_S
        )
        tensorboard_check = start_tensorboard_check(self.backend, plan.run.name, client, token, self._owns_port)
        observations = probe.probe(self.backend, plan.run.name, self._report_observation)
        findings = checks.probe(observations, release=plan.image.release, gpu_required=plan.gpu_required, host=host_gpu)
        return (
            *findings,
            _ssh_finding(ssh_check()),
            checks.tensorboard_route(tensorboard_check()),
        )

    def _report_observation(self, observation: Observation) -> None:
        self.on_progress(Progress("probe", observation.name, verbose=True))

    def _jupyter_client(self) -> JupyterClient:
        return (
            jupyter_client.port_client(self.port)
            if self._engine_port
            else jupyter_client.socket_client(self.backend, self.plan.run.name)
        )

    def _owns_port(self) -> bool:
        """Check whether our container owns its port, so that the token may be sent there; raise if it stopped."""
        name, endpoint = self.plan.run.name, self.backend.endpoint
        if backends.fast(endpoint).owns_port(name, self._engine_port) and (not self._engine_port or self.port):
            return True
        container = self.backend.container(name)
        if container is None or container.status in {"exited", "dead"}:
            raise self._exit_error(name, container.exit_code if container else -1)
        return False

    def _exit_error(self, name: str, exit_code: int) -> Unhealthy:
        output = b"".join(self.backend.logs(name, lines=LOG_LINES)).decode(errors="replace")
        lines = "".join(f"\n    {line}" for line in output.splitlines())
        return Unhealthy(
            f"the container exited with code {exit_code}; its last lines:{lines}",
            code="container-exited",
            hint="envkit logs shows the whole log; envkit up starts it again",
        )


def start_wait(backend: Backend, container: str) -> readiness.ProgressWait:
    """Start a wait that lasts while a container makes progress."""
    return readiness.ProgressWait(lambda: backends.fast(backend.endpoint).measure_activity(container))


def start_tensorboard_check(
    backend: Backend, container: str, client: JupyterClient, token: str, is_ours: Callable[[], bool]
) -> Callable[[], str]:
    """Start the wait for TensorBoard in the background, and return a function that fetches its result."""
    return start_check(
        lambda: readiness.wait_for_tensorboard(client, token, is_ours, start_wait(backend, container)),
        BACKGROUND_TIMEOUT_S,
    )


def _ssh_finding(error: str) -> Finding:
    if error == readiness.NO_CLIENT:
        return Finding("ssh/login", Verdict.SKIPPED, error, hint="sudo apt-get install openssh-client", layer="host")
    if error == readiness.NO_ACCOUNT:
        return Finding("ssh/login", Verdict.SKIPPED, error, hint="envkit shell needs no account", layer="host")
    return Finding("ssh/login", Verdict.FAILED if error else Verdict.PASSED, error or "answers", layer="container")
