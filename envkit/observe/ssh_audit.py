"""Ask the real ssh-audit about a port of this host's loopback, where it is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envkit import proc
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "ssh-audit"
LIMIT_S = 60.0
CODES = frozenset({0, 2, 3})  # all is well, warnings, failures
KINDS = ("kex", "key", "enc", "mac")
SAID_CHARACTERS = 300


def asked(port: int) -> Observation:
    """Return what it finds at a port; 0 for an SSH server without one."""
    return Observation("audit.ssh_audit", _asked(port))


def _asked(port: int) -> dict[str, Any]:
    if not port:
        return {"skipped": "the SSH server has no port on this host, and ssh-audit asks none without"}
    if proc.which(PROGRAM) is None:
        return {"skipped": f"the program {PROGRAM} is not installed on this host"}
    try:
        done = proc.run([PROGRAM, "--json", "--port", str(port), "127.0.0.1"], timeout_s=LIMIT_S)
        told = json.loads(done.out)
        seen = [one for kind in KINDS for one in told[kind]]
        found = {level: list(_notes(seen, level)) for level in ("fail", "warn")}
    except (OSError, proc.TimeoutExpired, ValueError, LookupError, TypeError, AttributeError) as error:
        return {"why": f"{PROGRAM} did not come to an end with it: {type(error).__name__}"}
    if done.code not in CODES:
        return {"why": f"{PROGRAM} ended with {done.code}: {done.err.strip()[-SAID_CHARACTERS:]}"}
    return {"count": len(seen), **found}


def _notes(seen: list[Any], level: str) -> Iterator[str]:
    for one in seen:
        for text in one["notes"].get(level, ()):
            yield f"{one['algorithm']}: {text}"
