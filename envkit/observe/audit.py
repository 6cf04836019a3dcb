"""Attack an environment from everywhere, and look for its token where it must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.engines import search
from envkit.model.report import Observation
from envkit.observe import attacks, guest, logins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.engines.connect import Engine

STAGE_S = 120  # more than all attempts together may take
LIMIT_S = 150.0
# What is looked at inside. Nothing else that is printed there is believed to be a look: not one at what is outside.
INSIDE = frozenset({
    "audit.identity", "audit.escapes", "audit.tampering", "audit.rights", "audit.variables", "audit.secrets",
    "audit.sshd", "ended", "done",
})


def everything(
    engine: Engine, container: str, *, port: int, ours: Callable[[], bool], token: str, ssh: Path,
    say: Callable[[str], None],
) -> tuple[tuple[Observation, ...], dict[str, Any]]:
    """Attack; returns what came of it, and what the engine says of the container. The token stands in neither.

    Args:
        engine: Where.
        container: Its name.
        port: Where JupyterLab answers, or 0.
        ours: Says whether our container holds that port at this moment; else nothing is sent there.
        token: The right one, or empty.
        ssh: The client's config file for this environment.
        say: Gets the news.
    """
    seen: list[Observation] = []
    if port:
        seen += attacks.over_http(port, token, ours, say)
    seen += logins.over_ssh(ssh, container, say)
    say("attacking from inside")
    seen += inside(engine, container)
    if token:  # last: by now it had every occasion to leak
        places, unread = search.places(engine, container, token)
        seen.append(Observation("audit.traces", {"places": list(places), "unread": list(unread)}))
    inspected: dict[str, Any] = attacks.replaced(search.inspected(engine, container), [token])
    return attacks.without(seen, [token]), inspected


def inside(engine: Engine, container: str) -> list[Observation]:
    """Attack from inside, as the workspace's user."""
    found = guest.Collected(believed=INSIDE)
    guest.run(engine, container, "audit", found, str(STAGE_S), limit_s=LIMIT_S)
    return found.all
