"""`audit`: our own attacks on an environment of our own, and what came of them."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit import checks, credentials, files, names, state
from envkit.checks import audit as judged
from envkit.checks import image as claims
from envkit.commands import project, reach
from envkit.commands.forward import forwarded
from envkit.commands.site import site
from envkit.engines import connect, glance, leftovers
from envkit.errors import StartFailed
from envkit.model.report import Progress, Report
from envkit.observe import audit as observed
from envkit.observe import neighbours
from envkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envkit.commands.project import Known
    from envkit.engines.connect import Engine
    from envkit.model.report import Site

SLACK_S = 120.0  # for an engine that is slow to make and to remove a container


@dataclass(frozen=True, slots=True)
class Audited:
    """What was attacked.

    Attributes:
        name: The environment's name.
        summary: What came of it, in one line.
        tensorflow: The release that its image is for, or empty.
        site: Where it was attacked.
    """

    name: str
    summary: str
    tensorflow: str
    site: Site


def audit(known: Known, *, say: Callable[[Progress], None]) -> Report[Audited]:
    """Attack a running environment and judge what happened. Meanwhile no other envkit changes it.

    Raises:
        StartFailed: The environment does not run, or cannot be reached.
    """
    engine = known.connect()
    with files.locked(known.place.lock, lambda: say(Progress("wait", "another envkit works on this; waiting"))):
        try:
            return _audited(known, engine, say)
        finally:
            # A folder with nothing but the lock was made here, for an environment without state.
            if list(known.place.folder.iterdir()) == [known.place.lock]:
                state.forget(known.place)


def _audited(known: Known, engine: Engine, say: Callable[[Progress], None]) -> Report[Audited]:
    found = project.running(engine, known)
    say(Progress("audit", f"attacking {known.name} from outside and inside"))
    at, here = known.endpoint, known.state.forwarded
    there, ssh_there = (_number(found.labels.get(one, "")) for one in (names.PORT, names.PORT_OF_SSH))
    port = reach.here(at, here, there)
    if there and not port:  # the token would go to whoever listens at that port of this machine
        raise StartFailed(f"no port of this machine leads to JupyterLab of {known.name}", mend=known.mend)

    def ours() -> bool:
        return glance.holds(at, known.container, there) and reach.here(at, here, there) == port

    def news(text: str) -> None:
        say(Progress("audit", text))

    leftovers.sweep(engine, known.owner)
    title = f"{names.neighbour(known.owner)}{os.getpid()}.{secrets.token_hex(4)}."
    labels = {names.MANAGED: "1", names.OWNER: str(known.owner), **leftovers.waiting(neighbours.WHOLE_S + SLACK_S)}
    seen, inspected = observed.everything(
        engine, known.container, base=known.state.base_id, way=lambda: _way(known, port, ours),
        ssh_port=reach.here(at, here, ssh_there), ours=ours, token=credentials.token(known.place),
        ssh=known.place.client / ssh_config.FILE, owner=known.owner, title=title, labels=labels, say=news,
    )
    findings = judged.check(seen, inspected)
    release = claims.claim(known.state.image_ref).version
    result = Audited(known.name, checks.withstood(findings), release, site(connect.facts(engine)))
    return Report("audit", known.name, result, findings, checks.exit_code(findings, all_tried=True))


@contextmanager
def _way(known: Known, port: int, ours: Callable[[], bool]) -> Iterator[tuple[int, Callable[[], bool]]]:
    """Lead to JupyterLab: to its own port, or to its socket, as `envkit open` does."""
    if port:
        yield port, ours
        return
    with forwarded(known.place.client / ssh_config.FILE, known.container, known.mend) as made:
        yield made.port, made.alive


def _number(label: str) -> int:
    return int(label) if label.isdecimal() else 0
