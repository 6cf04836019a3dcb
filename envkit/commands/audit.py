"""`audit`: our own attacks on an environment of our own, and what came of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, credentials, names
from envkit.checks import audit as judged
from envkit.commands import reach
from envkit.engines import glance, look
from envkit.errors import StartFailed
from envkit.model.report import Progress, Report, Verdict
from envkit.observe import audit as observed
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envkit.commands.project import Known
    from envkit.model.report import Finding


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
    at, forwarded = known.endpoint, known.state.forwarded
    published = found.labels.get(names.PORT, "")
    there = int(published) if published.isdecimal() else 0
    port = reach.here(at, forwarded, there)
    if there and not port:  # the token would go to whoever listens at that port of this machine
        raise StartFailed(f"no port of this machine leads to JupyterLab of {known.name}", mend="envkit up")

    def ours() -> bool:
        return glance.holds(at, title, there) and reach.here(at, forwarded, there) == port

    def news(text: str) -> None:
        say(Progress("audit", text))

    seen, inspected = observed.everything(
        engine, title, port=port, ours=ours, token=credentials.token(known.place),
        ssh=known.place.client / ssh_config.FILE, say=news,
    )
    findings = judged.check(seen, inspected)
    return Report("audit", known.name, Audited(known.name, summary(findings)), findings, checks.exit_code(findings))


def summary(findings: Sequence[Finding]) -> str:
    """Return what came of all checks, in one line; what could not be tried did not withstand."""
    count = Counter(one.status for one in findings)
    untried = count[Verdict.UNKNOWN] + count[Verdict.SKIPPED]
    more = f"; {count[Verdict.WARNED]} warned" if count[Verdict.WARNED] else ""
    more += f"; {untried} could not be tried" if untried else ""
    if count[Verdict.FAILED]:
        return f"{count[Verdict.FAILED]} of {len(findings)} checks failed{more}"
    return f"withstood: {count[Verdict.PASSED]} of {len(findings)} checks{more}"
