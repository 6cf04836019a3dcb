"""Findings of the audit: what held, what did not, what could not be tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.table import TABLE, finding
from envkit.model.report import Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.model.report import Finding

SHOWN = 3  # of the attacks that succeeded, in words


def held(
    check: str, faults: Sequence[str], untried: str = "", well: str = "", mend: str | None = None
) -> Finding:
    """Return a finding: what went wrong, or else what could not be tried, or else how it is well.

    Args:
        check: Its id.
        faults: What went wrong. One is enough, whatever else could not be tried.
        untried: Why not all could be tried, or empty.
        well: How it is well, if not by the check's title.
        mend: What helps against the faults, if not what the table says.
    """
    said = [line(one) for one in faults]
    if said:
        more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
        return finding(check, "; ".join(said[:SHOWN]) + more, mend=mend, data={"faults": said})
    if untried:
        return finding(check, line(untried), status=Verdict.UNKNOWN, cause="", mend="")
    return finding(check, line(well) or TABLE[check].title, status=Verdict.PASSED, cause="", mend="")


def skipped(check: str, why: str) -> Finding:
    """Return the finding of a check that nobody meant to take here."""
    return finding(check, line(why), status=Verdict.SKIPPED, cause="", mend="")
