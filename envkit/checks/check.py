"""The table of all checks, and the factory for their findings.

Check ids are stable: reports and users' scripts contain them. `docs/reference/checks.md` is generated from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks.definitions import audit, environment, gpu, host, image, tensorflow
from envkit.model.report import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.checks.definitions import Check, Severity


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
    """Build a finding; status, cause and hint default to those of the check.

    Raises:
        KeyError: The table has no check with this id.
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
