"""Judge what ssh-audit reports for a published port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.audit.finding import judge, skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding, Observation

CHECK = "audit/ssh-audit"
MIN_ALGORITHMS = 4  # key exchange, host key, cipher and MAC: with fewer, ssh-audit examined nothing
# True of every key exchange before OpenSSH 9.0, later only of the one kept for older clients.
ACCEPTED_WARNING = "post-quantum"


def check(observations: Sequence[Observation]) -> Finding:
    """Judge failures and warnings, except for the one about quantum computers, which `up` reports."""
    observation = obs.last(observations, "audit.ssh_audit")
    if observation is None:
        return skip(CHECK, "ssh-audit was not run")
    if reason := obs.text(observation.data, "skipped"):
        return skip(CHECK, reason)
    warnings = obs.texts(observation.data, "warn")
    faults = [
        *obs.texts(observation.data, "fail"),
        *(warning for warning in warnings if ACCEPTED_WARNING not in warning),
    ]
    count = obs.number(observation.data.get("count")) or 0
    reason = obs.text(observation.data, "why") or (
        "" if count >= MIN_ALGORITHMS else "ssh-audit does not report the server's algorithms"
    )
    return judge(CHECK, faults, reason, "ssh-audit warns only of quantum computers" if warnings else "")
