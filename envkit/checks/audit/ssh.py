"""What the real ssh-audit finds at a published port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as obs
from envkit.checks.audit.finding import judge, skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding, Observation

CHECK = "audit/ssh-audit"
MIN_ALGORITHMS = 4  # a key exchange, a host key, a cipher, a checksum: with fewer nothing was looked at
# Of OpenSSH before 9.0 alone is it true of every key exchange, of later ones of the one kept for older clients.
ACCEPTED_WARNING = "post-quantum"


def check(observations: Sequence[Observation]) -> Finding:
    """Judge its failures and warnings; that quantum computers may break a key exchange some day is told by `up`."""
    observation = obs.last(observations, "audit.ssh_audit")
    if observation is None:
        return skip(CHECK, "the SSH server was not looked at")
    if reason := obs.text(observation.data, "skipped"):
        return skip(CHECK, reason)
    warnings = obs.texts(observation.data, "warn")
    faults = [
        *obs.texts(observation.data, "fail"),
        *(warning for warning in warnings if ACCEPTED_WARNING not in warning),
    ]
    count = obs.number(observation.data.get("count")) or 0
    reason = obs.text(observation.data, "why") or (
        "" if count >= MIN_ALGORITHMS else "ssh-audit does not say what the server offers"
    )
    return judge(
        CHECK, faults, reason, "it warns of what quantum computers may do, and of nothing else" if warnings else ""
    )
