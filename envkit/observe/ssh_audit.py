"""Ask the real ssh-audit about a port of this host's loopback, where it is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envkit import proc
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = "ssh-audit"
LIMIT_S = 60.0
CODES = frozenset({0, 2, 3})  # all is well, warnings, failures
KINDS = ("kex", "key", "enc", "mac")
SAID_CHARACTERS = 300
NEWER = f"pipx install {PROGRAM} brings a newer one"  # Debian 12 and Ubuntu 22.04 have 2.5


def asked(port: int, ours: Callable[[], bool]) -> Observation:
    """Return what it finds at a port; 0 for an SSH server without one.

    Args:
        port: On this host's loopback.
        ours: Says whether our container runs, so that it is ours that answers there.
    """
    return Observation("audit.ssh_audit", _asked(port, ours))


def _asked(port: int, ours: Callable[[], bool]) -> dict[str, Any]:
    if not port:
        return {"skipped": "the SSH server has no port on this host, and ssh-audit asks none without"}
    if proc.which(PROGRAM) is None:
        return {"skipped": f"the program {PROGRAM} is not installed on this host"}
    if not ours():
        return {"why": f"the workspace does not hold port {port} any more"}
    try:
        done = proc.run([PROGRAM, "--json", "--no-colors", "--port", str(port), "127.0.0.1"], timeout_s=LIMIT_S)
    except (OSError, proc.TimeoutExpired) as error:
        return {"why": f"{PROGRAM} did not come to an end with it: {type(error).__name__}"}
    return _said(done)


def _said(done: proc.Done) -> dict[str, Any]:
    if done.code not in CODES:
        return {"why": f"{PROGRAM} ended with {done.code}: {(done.err.strip() or done.out.strip())[-SAID_CHARACTERS:]}"}
    try:
        return _read(json.loads(done.out))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return {"why": f"what {PROGRAM} says of it is not understood: {type(error).__name__}"}


def _read(told: dict[str, Any]) -> dict[str, Any]:
    seen = [one for kind in KINDS for one in told[kind]]
    if any(isinstance(one, str) or "notes" not in one for one in seen):
        return {"skipped": f"the {PROGRAM} of this host is too old: it lists algorithms, and judges none; {NEWER}"}
    return {"count": len(seen), **{level: list(_notes(seen, level)) for level in ("fail", "warn")}}


def _notes(seen: list[Any], level: str) -> Iterator[str]:
    for one in seen:
        for text in one["notes"].get(level, ()):
            yield f"{one['algorithm']}: {text}"
