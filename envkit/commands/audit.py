"""`audit`: our own attacks on an environment of our own, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, credentials, names
from envkit.checks import audit as judged
from envkit.commands import reach
from envkit.engines import look
from envkit.errors import StartFailed
from envkit.model.report import Progress, Report, Verdict
from envkit.observe import audit as observed
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.commands.project import Known


@dataclass(frozen=True, slots=True)
class Audited:
    """What was attacked.

    Attributes:
        name: The environment's name.
        summary: What came of it, in one line.
    """

    name: str
    summary: str


def audit(known: Known, *, say: Callable[[Progress], None]) -> Report[Audited]:
    """Attack a running environment and judge what happened.

    Raises:
        StartFailed: The environment does not run, or cannot be reached.
    """
    engine, title = known.connect(), names.container(known.owner, known.name)
    found = look.container(engine, title)
    if found is None or found.status != "running":
        raise StartFailed(f"the environment {known.name} does not run", mend="envkit up")
    say(Progress("audit", f"attacking {known.name} from outside and inside"))
    published = found.labels.get(names.PORT, "")
    there = int(published) if published.isdecimal() else 0
    port = reach.here(known.endpoint, known.state.forwarded, there)
    if there and not port:  # the token would go to whoever listens at that port of this machine
        raise StartFailed(f"no port of this machine leads to JupyterLab of {known.name}", mend="envkit up")
    seen, inspected = observed.everything(
        engine, title, port=port, token=credentials.token(known.place),
        ssh=known.place.client / ssh_config.FILE,
    )
    findings = judged.check(seen, inspected)
    failed = sum(one.status is Verdict.FAILED for one in findings)
    held = sum(one.status is Verdict.PASSED for one in findings)
    summary = f"{failed} of {len(findings)} checks failed" if failed else f"withstood: {held} of {len(findings)} checks"
    return Report("audit", known.name, Audited(known.name, summary), findings, checks.exit_code(findings))
