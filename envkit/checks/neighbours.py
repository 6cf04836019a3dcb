"""Whether another container opens a port of the workspace, from the engine's usual network and from its very own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.held import held, skipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

CHECK = "audit/neighbours"


def check(observations: Sequence[Observation]) -> Finding:
    """Judge what another container could open: any port is one too many, and from every network it has to be tried."""
    seen = [one.data for one in observations if one.what == "audit.neighbour"]
    faults = [
        f"a container on {look.text(one, 'network')} opens {target}" for one in seen
        for target in look.texts(one, "opened")
    ]
    if not seen:
        return skipped(CHECK, "no other container was started to knock")
    untried = next((why for one in seen if (why := _untried(one))), "")
    if faults or untried:
        return held(CHECK, faults, untried)
    left_out = [why for one in seen if (why := look.text(one, "skipped"))]
    if left_out:
        return skipped(CHECK, "; ".join(left_out))
    tried = " and ".join(look.text(one, "network") for one in seen)
    return held(CHECK, (), well=f"containers on {tried} open none of its ports")


def _untried(seen: Mapping[str, Any]) -> str:
    """Return why closed ports show nothing, or an empty text."""
    if look.text(seen, "skipped"):
        return ""
    network = look.text(seen, "network")
    if not seen.get("tried") or seen.get("ended") is not True:
        return f"the container on {network} did not come to an end with its knocking"
    if seen.get("alive") is not True:
        return f"nobody at all answers the container on {network}, so that closed ports show nothing"
    return ""
