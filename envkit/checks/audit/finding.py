"""Findings of the audit: what held, what did not, what could not be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.table import CHECKS, make_finding
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding

MAX_SHOWN = 3  # of the attacks that succeeded, in words


def judge(
    check_id: str, faults: Sequence[str], unknown_reason: str = "", pass_detail: str = "", hint: str | None = None
) -> Finding:
    """Return a finding: what went wrong, or else what could not be tried, or else how it is well.

    Args:
        check_id: Its id.
        faults: What went wrong. One is enough, whatever else could not be tried.
        unknown_reason: Why not all could be tried, or empty.
        pass_detail: How it is well, if not by the check's title.
        hint: What helps against the faults, if not what the table says.
    """
    messages = [single_line(fault) for fault in faults]
    if messages:
        suffix = f"; and {len(messages) - MAX_SHOWN} more" if len(messages) > MAX_SHOWN else ""
        return make_finding(check_id, "; ".join(messages[:MAX_SHOWN]) + suffix, hint=hint, data={"faults": messages})
    if unknown_reason:
        return make_finding(check_id, single_line(unknown_reason), status=Verdict.UNKNOWN, cause="", hint="")
    return make_finding(
        check_id, single_line(pass_detail) or CHECKS[check_id].title, status=Verdict.PASSED, cause="", hint=""
    )


def skip(check_id: str, reason: str) -> Finding:
    """Return the finding of a check that nobody meant to take here."""
    return make_finding(check_id, single_line(reason), status=Verdict.SKIPPED, cause="", hint="")
