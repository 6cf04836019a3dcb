"""`audit`: our own attacks on an environment of our own, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, credentials, names
from envkit.checks import audit as judged
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
        StartFailed: The environment does not run.
    """
    engine, title = known.connect(), names.container(known.owner, known.name)
    found = look.container(engine, title)
    if found is None or found.status != "running":
        raise StartFailed(f"the environment {known.name} does not run", mend="envkit up")
    say(Progress("audit", f"attacking {known.name} from outside and inside"))
    port = found.labels.get(names.PORT, "")
    seen, inspected = observed.everything(
        engine, title, port=int(port) if port.isdecimal() else 0, token=credentials.token(known.place),
        ssh=known.place.client / ssh_config.FILE,
    )
    findings = judged.check(seen, inspected)
    failed = sum(one.status is Verdict.FAILED for one in findings)
    held = sum(one.status is Verdict.PASSED for one in findings)
    summary = f"{failed} of {len(findings)} checks failed" if failed else f"withstood: {held} of {len(findings)} checks"
    return Report("audit", known.name, Audited(known.name, summary), findings, checks.exit_code(findings))
