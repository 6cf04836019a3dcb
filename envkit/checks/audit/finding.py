"""Build the findings of the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.check import CHECKS, make_finding
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding

MAX_SHOWN_FAULTS = 3


def judge(
    check_id: str, faults: Sequence[str], unknown_reason: str = "", pass_detail: str = "", hint: str | None = None
) -> Finding:
    """Build a finding: failed if there are faults, otherwise unknown if there is a reason for it, otherwise passed.

    Args:
        check_id: Id of the check.
        faults: Faults, in words. One is enough, even if other attacks could not be tried.
        unknown_reason: Reason why not everything could be tried, or empty.
        pass_detail: Detail of a passed finding, by default the check's title.
        hint: Hint against the faults, by default the check's.
    """
    messages = [single_line(fault) for fault in faults]
    if messages:
        detail = "; ".join(messages[:MAX_SHOWN_FAULTS])
        if len(messages) > MAX_SHOWN_FAULTS:
            detail += f"; and {len(messages) - MAX_SHOWN_FAULTS} more"
        return make_finding(check_id, detail, hint=hint, data={"faults": messages})
    if unknown_reason:
        return make_finding(check_id, single_line(unknown_reason), status=Verdict.UNKNOWN, cause="", hint="")
    return make_finding(
        check_id, single_line(pass_detail) or CHECKS[check_id].title, status=Verdict.PASSED, cause="", hint=""
    )


def skip(check_id: str, reason: str) -> Finding:
    """Build the finding of a check that does not apply here."""
    return make_finding(check_id, single_line(reason), status=Verdict.SKIPPED, cause="", hint="")
