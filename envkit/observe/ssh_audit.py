"""Run ssh-audit, if it is installed, against a port of this host's loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envkit import process
from envkit.model.report import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = "ssh-audit"
LIMIT_S = 60.0
EXIT_CODES = frozenset({0, 2, 3})  # no finding, warnings, failures
ALGORITHM_KINDS = ("kex", "key", "enc", "mac")
OUTPUT_LENGTH_MAX = 300
UPGRADE_HINT = f"pipx install {PROGRAM} installs a newer one"  # Debian 12 and Ubuntu 22.04 have 2.5


def audit_port(port: int, is_ours: Callable[[], bool]) -> Observation:
    """Audit the SSH server at a port.

    Args:
        port: Port of this host's loopback; 0 if the SSH server has none.
        is_ours: Function that checks whether envkit's container runs, and therefore holds the port.
    """
    return Observation("audit.ssh_audit", _run(port, is_ours))


def _run(port: int, is_ours: Callable[[], bool]) -> dict[str, Any]:
    if not port:
        return {"skipped": "the SSH server has no port on this host, which ssh-audit needs"}
    if process.which(PROGRAM) is None:
        return {"skipped": f"the program {PROGRAM} is not installed on this host"}
    if not is_ours():
        return {"why": f"the workspace no longer holds port {port}"}
    try:
        result = process.run([PROGRAM, "--json", "--no-colors", "--port", str(port), "127.0.0.1"], timeout_s=LIMIT_S)
    except (OSError, process.TimeoutExpired) as error:
        return {"why": f"{PROGRAM} did not finish: {type(error).__name__}"}
    return _parse_result(result)


def _parse_result(result: process.CompletedProcess) -> dict[str, Any]:
    if result.code not in EXIT_CODES:
        output = (result.err.strip() or result.out.strip())[-OUTPUT_LENGTH_MAX:]
        return {"why": f"{PROGRAM} exited with code {result.code}: {output}"}
    try:
        return _summarize(json.loads(result.out))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return {"why": f"the output of {PROGRAM} could not be parsed: {type(error).__name__}"}


def _summarize(report: dict[str, Any]) -> dict[str, Any]:
    algorithms = [algorithm for kind in ALGORITHM_KINDS for algorithm in report[kind]]
    if any(isinstance(algorithm, str) or "notes" not in algorithm for algorithm in algorithms):
        return {"skipped": f"this host's {PROGRAM} is too old: it lists algorithms without rating them; {UPGRADE_HINT}"}
    return {"count": len(algorithms), **{level: list(_notes(algorithms, level)) for level in ("fail", "warn")}}


def _notes(algorithms: list[Any], level: str) -> Iterator[str]:
    for algorithm in algorithms:
        for text in algorithm["notes"].get(level, ()):
            yield f"{algorithm['algorithm']}: {text}"
