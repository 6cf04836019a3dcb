"""Judge whether other containers can reach the workspace, from the engine's default network and from its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.audit.finding import judge, skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding, Observation

CHECK = "audit/neighbours"


def check(observations: Sequence[Observation]) -> Finding:
    """Judge whether another container reached the workspace; a refused connection counts as reached."""
    results = [observation.data for observation in observations if observation.name == "audit.neighbour"]
    faults = [fault for result in results for fault in _find_faults(result)]
    if not results:
        return skip(CHECK, "no other container was started")
    unknown_reason = next((reason for result in results if (reason := _unknown_reason(result))), "")
    if faults or unknown_reason:
        return judge(CHECK, faults, unknown_reason)
    skip_reasons = [reason for result in results if (reason := obs.text(result, "skipped"))]
    if skip_reasons:
        return skip(CHECK, "; ".join(skip_reasons))
    networks = " and ".join(obs.text(result, "network") for result in results)
    brief_targets = [target for result in results for target in obs.texts(result, "once")]
    note = (
        f"; {', '.join(brief_targets)} was reachable briefly, as while an engine updates its firewall rules"
        if brief_targets
        else ""
    )
    return judge(CHECK, (), pass_detail=f"containers on {networks} receive no answer{note}")


def _find_faults(data: Mapping[str, Any]) -> Iterator[str]:
    network, open_targets, closed_targets = (
        obs.text(data, "network"),
        obs.texts(data, "opened"),
        obs.texts(data, "refused"),
    )
    yield from (f"a container on {network} can connect to {target}" for target in open_targets)
    if closed_targets:
        yield (
            f"a container on {network} can reach {', '.join(closed_targets)}: "
            "closed only because no server is listening now"
        )


def _unknown_reason(data: Mapping[str, Any]) -> str:
    """Return why the missing answers prove nothing, or an empty string."""
    network, reason = obs.text(data, "network"), obs.text(data, "why")
    if reason or obs.text(data, "skipped"):
        return reason
    if not data.get("attempts") or data.get("ended") is not True:
        return f"the container on {network} did not finish its connection attempts"
    if data.get("alive") is not True:
        return f"the container on {network} receives no answer from any address, so closed ports prove nothing"
    return ""
