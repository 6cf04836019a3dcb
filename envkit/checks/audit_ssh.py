"""What the real ssh-audit finds at a published port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.held import held, skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding, Observation

CHECK = "audit/ssh-audit"
LEAST = 4  # a key exchange, a host key, a cipher, a checksum: with fewer nothing was looked at
# Of OpenSSH before 9.0 alone is it true of every key exchange, of later ones of the one kept for older clients.
ACCEPTED = "post-quantum"


def check(observations: Sequence[Observation]) -> Finding:
    """Judge its failures and warnings; that quantum computers may break a key exchange some day is told by `up`."""
    seen = look.last(observations, "audit.ssh_audit")
    if seen is None:
        return skipped(CHECK, "the SSH server was not looked at")
    if why := look.text(seen.data, "skipped"):
        return skipped(CHECK, why)
    warned = look.texts(seen.data, "warn")
    faults = [*look.texts(seen.data, "fail"), *(one for one in warned if ACCEPTED not in one)]
    count = look.number(seen.data.get("count")) or 0
    why = look.text(seen.data, "why") or ("" if count >= LEAST else "ssh-audit does not say what the server offers")
    return held(CHECK, faults, why, "it warns of what quantum computers may do, and of nothing else" if warned else "")
