"""Whether another container reaches the workspace, from the engine's usual network and from its very own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.held import held, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

CHECK = "audit/neighbours"


def check(observations: Sequence[Observation]) -> Finding:
    """Judge whether another container reached it, from every network: a port that is closed was reached as well."""
    seen = [one.data for one in observations if one.what == "audit.neighbour"]
    faults = [fault for one in seen for fault in _reached(one)]
    if not seen:
        return skipped(CHECK, "no other container was started to knock")
    untried = next((why for one in seen if (why := _untried(one))), "")
    if faults or untried:
        return held(CHECK, faults, untried)
    left_out = [why for one in seen if (why := look.text(one, "skipped"))]
    if left_out:
        return skipped(CHECK, "; ".join(left_out))
    tried = " and ".join(look.text(one, "network") for one in seen)
    once = [target for one in seen for target in look.texts(one, "once")]
    moment = f"; one got to {', '.join(once)} for a moment, as while an engine arranges its rules" if once else ""
    return held(CHECK, (), well=f"containers on {tried} get no answer from it{moment}")


def _reached(seen: Mapping[str, Any]) -> Iterator[str]:
    network, opened, refused = look.text(seen, "network"), look.texts(seen, "opened"), look.texts(seen, "refused")
    yield from (f"a container on {network} opens {target}" for target in opened)
    if refused:
        yield f"a container on {network} reaches {', '.join(refused)}: closed merely because nobody listens there now"


def _untried(seen: Mapping[str, Any]) -> str:
    """Return why silence shows nothing, or an empty text."""
    network, why = look.text(seen, "network"), look.text(seen, "why")
    if why or look.text(seen, "skipped"):
        return why
    if not seen.get("tried") or seen.get("ended") is not True:
        return f"the container on {network} did not come to an end with its knocking"
    if seen.get("alive") is not True:
        return f"nobody at all answers the container on {network}, so that closed ports show nothing"
    return ""
