"""The one table of checks: ids, titles, severities, layers, and what the documentation says of each.

An id is stable: it stands in reports and in other people's scripts. `docs/checks.md` is made from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks.definitions import audit, environment, gpu, host, image, tensorflow
from envkit.model.report import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.checks.check import Check, Severity


def make_finding(
    check_id: str,
    detail: str,
    *,
    status: Verdict | None = None,
    cause: str | None = None,
    hint: str | None = None,
    seconds: float = 0.0,
    data: Mapping[str, Any] | None = None,
) -> Finding:
    """Return a finding with what the table says of it, unless something better is known.

    Raises:
        KeyError: The table has no such check.
    """
    check = CHECKS[check_id]
    return Finding(
        check=check.id,
        status=status or SEVERITY_STATUS[check.severity],
        detail=detail,
        cause=check.cause if cause is None else cause,
        hint=check.hint if hint is None else hint,
        layer=check.layer,
        seconds=seconds,
        data=data or {},
    )


SEVERITY_STATUS: Mapping[Severity, Verdict] = {
    "error": Verdict.FAILED,
    "warning": Verdict.WARNED,
    "info": Verdict.PASSED,
}

CHECKS: Mapping[str, Check] = {
    check.id: check
    for check in (
        *host.HOST,
        *tensorflow.TENSORFLOW,
        *gpu.GPU,
        *image.IMAGE,
        *image.KERAS,
        *audit.AUDIT,
        *environment.ENVIRONMENT,
        *environment.SERVICES,
    )
}
