"""Attack an environment from everywhere, and look for its token where it must not be."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from envkit.engines import search
from envkit.errors import EnvkitError
from envkit.model.report import Observation
from envkit.observe import attacks, guest, logins, neighbours, ssh_audit
from envkit.observe.aside import begun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from envkit.engines.connect import Engine

    # Opens a way to JupyterLab: a port of this host's loopback, and whether it still leads there at this moment.
    Way = Callable[[], AbstractContextManager[tuple[int, Callable[[], bool]]]]

STAGE_S = 120  # more than all attempts together may take
LIMIT_S = 150.0
# What is looked at inside. Nothing else that is printed there is believed to be a look: not one at what is outside.
INSIDE = frozenset({
    "audit.identity", "audit.escapes", "audit.tampering", "audit.rights", "audit.variables", "audit.secrets",
    "audit.sshd", "audit.socket", "audit.packages", "ended", "done",
})


def everything(
    engine: Engine, container: str, *, base: str, way: Way, ssh_port: int, ours: Callable[[], bool], token: str,
    ssh: Path, owner: int, title: str, labels: Mapping[str, str], say: Callable[[str], None],
) -> tuple[tuple[Observation, ...], dict[str, Any]]:
    """Attack; returns what came of it, and what the engine says of the container. The token stands in neither.

    What mostly waits goes on beside the attacks on the servers. An interrupt waits for none of the attacks, and takes
    their programs and containers away.

    Args:
        engine: Where.
        container: Its name.
        base: Id of the image that its own was built on, or empty.
        way: Leads to JupyterLab. Nothing is sent when it does not, and the token to nobody else.
        ssh_port: Where its SSH server answers, or 0.
        ours: Says whether our container holds its ports at this moment; else nothing is sent there.
        token: The right one, or empty.
        ssh: The client's config file for this environment.
        owner: Whose environment it is.
        title: How the names of other containers begin that knock at it.
        labels: Of those.
        say: Gets the news.
    """
    inspected = search.inspected(engine, container)
    say("knocking from other containers")
    with neighbours.knocking(engine, inspected, owner=owner, title=title, labels=labels) as knocks:
        say("attacking from inside")
        within = begun(partial(inside, engine, container))
        seen = [*over_http(way, token, say), *logins.over_ssh(ssh, container, say), ssh_audit.asked(ssh_port, ours)]
        seen += [*knocks(), *within.result(), image_dates(engine, container, base)]
    if token:  # last: by now it had every occasion to leak
        places, unread = search.places(engine, container, token)
        seen.append(Observation("audit.traces", {"places": list(places), "unread": list(unread)}))
    hidden: dict[str, Any] = attacks.replaced(inspected, [token])
    return attacks.without(seen, [token]), hidden


def over_http(way: Way, token: str, say: Callable[[str], None]) -> tuple[Observation, ...]:
    """Attack JupyterLab from outside, or tell why no way leads there."""
    try:
        with way() as (port, leads_there):
            return attacks.over_http(port, token, leads_there, say)
    except EnvkitError as error:
        return (Observation("audit.stopped", {"why": error.message}),)


def inside(engine: Engine, container: str) -> list[Observation]:
    """Attack from inside, as the workspace's user."""
    found = guest.Collected(believed=INSIDE)
    guest.run(engine, container, "audit", found, str(STAGE_S), limit_s=LIMIT_S)
    return found.all


def image_dates(engine: Engine, container: str, base: str) -> Observation:
    """Look how old the image is, by the engine's clock, and which day it is, by ours."""
    today = datetime.now(timezone.utc).date().isoformat()
    return Observation("audit.image", {**search.image_dates(engine, container, base), "today": today})
