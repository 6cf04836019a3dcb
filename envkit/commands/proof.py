"""A container that was started: wait until all of it answers, then prove that it does what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, credentials, names
from envkit.commands import reach
from envkit.engines import containers, glance, look
from envkit.errors import Unhealthy
from envkit.model.report import Finding, Progress, Verdict
from envkit.observe import door, probe, ready
from envkit.observe.aside import aside
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envkit.engines.connect import Engine
    from envkit.model.facts import HostGpu
    from envkit.model.plan import Plan
    from envkit.model.report import Observation
    from envkit.observe.door import Door
    from envkit.state import Place

LOG_LINES = 15
ASIDE_S = ready.TENSORBOARD_S + 30  # beyond what the looks allow themselves


@dataclass(frozen=True, slots=True)
class Started:
    """An environment whose container runs.

    Attributes:
        place: Where its state lies.
        engine: Where it runs.
        plan: What was decided of it.
        forwarded: Ports of an engine on another machine, as they are here.
        say: Gets the news.
    """

    place: Place
    engine: Engine
    plan: Plan
    forwarded: Mapping[str, int]
    say: Callable[[Progress], None]

    @property
    def port(self) -> int:
        """The port of this machine at which JupyterLab answers; 0 for none."""
        return reach.here(self.engine.endpoint, self.forwarded, self._there)

    @property
    def _there(self) -> int:
        return self.plan.run.published(names.JUPYTER_PORT)

    def wait(self) -> None:
        """Wait until JupyterLab takes the token, and SSH answers where it is published.

        Raises:
            Unhealthy: The container ended, or the time is up.
        """
        ready.jupyter(self._door(), credentials.token(self.place), self._ours)
        if ssh_port := self.plan.run.published(names.SSH_PORT):
            ready.sshd(ssh_port, self._ours)

    def prove(self, host: HostGpu) -> tuple[Finding, ...]:
        """Probe TensorFlow, log in by SSH and ask for TensorBoard, all at once."""
        plan, place = self.plan, self.place
        self.say(Progress("probe", "proving TensorFlow, SSH and TensorBoard"))
        way, token = self._door(), credentials.token(place)
        ssh = aside(lambda: ready.ssh(place.client / ssh_config.FILE, plan.run.name), ASIDE_S)
        board = aside(lambda: ready.tensorboard(way, token, self._ours), ASIDE_S)
        seen = probe.probe(self.engine, plan.run.name, self._seen)
        judged = checks.probe(seen, release=plan.image.release, gpu_required=plan.gpu_required, host=host)
        return (*judged, _served("ssh/login", ssh()), _served("tensorboard/route", board()))

    def _seen(self, one: Observation) -> None:
        self.say(Progress("probe", one.what, detail=True))

    def _door(self) -> Door:
        return door.at_port(self.port) if self._there else door.at_socket(self.engine, self.plan.run.name)

    def _ours(self) -> bool:
        """Say whether our container holds its port, so that the token may be sent there; raise when it has ended."""
        name, at = self.plan.run.name, self.engine.endpoint
        if glance.holds(at, name, self._there) and (not self._there or self.port):
            return True
        found = look.container(self.engine, name)
        if found is None or found.status in {"exited", "dead"}:
            raise self._died(name, found.exit_code if found else -1)
        return False

    def _died(self, name: str, code: int) -> Unhealthy:
        last = b"".join(containers.logs(self.engine, name, lines=LOG_LINES)).decode(errors="replace")
        lines = "".join(f"\n    {line}" for line in last.splitlines())
        return Unhealthy(
            f"the workspace ended with code {code}; its last lines:{lines}",
            mend="envkit logs shows all of them; envkit up starts it again",
        )


def _served(check: str, wrong: str) -> Finding:
    if wrong == ready.NO_CLIENT:
        return Finding(check, Verdict.SKIPPED, wrong, mend="sudo apt-get install openssh-client", where="host")
    return Finding(check, Verdict.FAILED if wrong else Verdict.PASSED, wrong or "answers", where="container")
