"""A container that was started: wait until all of it answers, then prove that it does what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, credentials, naming
from envkit.backends.docker import containers, fast_inspect, inspect
from envkit.concurrency import start_check
from envkit.environment.remote import ports
from envkit.errors import Unhealthy
from envkit.model.report import Finding, Progress, Verdict
from envkit.observe import jupyter_client, probe, readiness
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.backends.docker.client import Engine
    from envkit.model.facts import HostGpu
    from envkit.model.plan import Plan
    from envkit.model.report import Observation
    from envkit.observe.jupyter_client import JupyterClient
    from envkit.state import StateDir

LOG_LINES = 15
BACKGROUND_TIMEOUT_S = readiness.TENSORBOARD_S + 30  # beyond what the looks allow themselves


@dataclass(frozen=True, slots=True)
class Verification:
    """An environment whose container runs.

    Attributes:
        state_dir: Where its state lies.
        engine: Where it runs.
        plan: What was decided of it.
        forwarded_ports: Ports of an engine on another machine, as they are here.
        on_progress: Gets the news.
    """

    state_dir: StateDir
    engine: Engine
    plan: Plan
    forwarded_ports: Mapping[str, int]
    on_progress: Callable[[Progress], None]

    @property
    def port(self) -> int:
        """The port of this machine at which JupyterLab answers; 0 for none."""
        return ports.local_port(self.engine.endpoint, self.forwarded_ports, self._engine_port)

    @property
    def _engine_port(self) -> int:
        return self.plan.run.host_port(naming.JUPYTER_PORT)

    def wait(self) -> None:
        """Wait until JupyterLab takes the token, and SSH answers where it is published.

        Raises:
            Unhealthy: The container ended, or the time is up.
        """
        readiness.wait_for_jupyter(self._jupyter_client(), credentials.token(self.state_dir), self._owns_port)
        if ssh_port := self.plan.run.host_port(naming.SSH_PORT):
            readiness.wait_for_sshd(ssh_port, self._owns_port)

    def verify(self, host_gpu: HostGpu) -> tuple[Finding, ...]:
        """Probe TensorFlow, log in by SSH and ask for TensorBoard, all at once."""
        plan, state_dir = self.plan, self.state_dir
        self.on_progress(Progress("probe", "proving TensorFlow, SSH and TensorBoard"))
        client, token = self._jupyter_client(), credentials.token(state_dir)
        ssh_check = start_check(
            lambda: readiness.check_ssh_login(state_dir.client / ssh_config.FILE, plan.run.name), BACKGROUND_TIMEOUT_S
        )
        tensorboard_check = start_check(
            lambda: readiness.wait_for_tensorboard(client, token, self._owns_port), BACKGROUND_TIMEOUT_S
        )
        observations = probe.probe(self.engine, plan.run.name, self._report_observation)
        findings = checks.probe(observations, release=plan.image.release, gpu_required=plan.gpu_required, host=host_gpu)
        return (
            *findings,
            _service_finding("ssh/login", ssh_check()),
            _service_finding("tensorboard/route", tensorboard_check()),
        )

    def _report_observation(self, observation: Observation) -> None:
        self.on_progress(Progress("probe", observation.name, verbose=True))

    def _jupyter_client(self) -> JupyterClient:
        return (
            jupyter_client.port_client(self.port)
            if self._engine_port
            else jupyter_client.socket_client(self.engine, self.plan.run.name)
        )

    def _owns_port(self) -> bool:
        """Say whether our container holds its port, so that the token may be sent there; raise when it has ended."""
        name, endpoint = self.plan.run.name, self.engine.endpoint
        if fast_inspect.owns_port(endpoint, name, self._engine_port) and (not self._engine_port or self.port):
            return True
        container = inspect.container(self.engine, name)
        if container is None or container.status in {"exited", "dead"}:
            raise self._exit_error(name, container.exit_code if container else -1)
        return False

    def _exit_error(self, name: str, code: int) -> Unhealthy:
        output = b"".join(containers.logs(self.engine, name, lines=LOG_LINES)).decode(errors="replace")
        lines = "".join(f"\n    {line}" for line in output.splitlines())
        return Unhealthy(
            f"the workspace ended with code {code}; its last lines:{lines}",
            hint="envkit logs shows all of them; envkit up starts it again",
        )


def _service_finding(check: str, error: str) -> Finding:
    if error == readiness.NO_CLIENT:
        return Finding(check, Verdict.SKIPPED, error, hint="sudo apt-get install openssh-client", layer="host")
    return Finding(check, Verdict.FAILED if error else Verdict.PASSED, error or "answers", layer="container")
