"""Print reports on stdout as text or JSON, and write them to files."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from envkit.cli.options import Format
from envkit.model.report import CheckHost, Verdict
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from envkit.model.report import Report


SYSTEM_PREFIXES = ("/dev/", "/proc/")  # paths of open descriptors, never truncated


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Files that a report is written to besides stdout.

    Attributes:
        junit: Path of the JUnit XML file, or None.
        html: Path of the HTML page, or None.
    """

    junit: Path | None = None
    html: Path | None = None

    def clear(self) -> None:
        """Remove the files of an earlier run, so that a failed run leaves no outdated report."""
        for path in filter(None, (self.junit, self.html)):
            if path.is_symlink() or not path.is_file():
                if path.is_file() and not str(path.absolute()).startswith(SYSTEM_PREFIXES):
                    path.write_text("", "utf-8")  # keep links and their targets as the caller set them up
            else:
                path.unlink()


def print_report(
    report: Report[Any],
    format_: Format,
    format_result: Callable[[Any], str],
    *,
    files: ReportFiles | None = None,
    check_host: CheckHost | None = None,
    suites: Sequence[Report[Any]] = (),
    show_all: bool = False,
) -> int:
    """Print a report on stdout and return its exit code.

    Args:
        report: Report of a command.
        format_: Output format on stdout.
        format_result: Formatter of the result as text.
        files: Files to write as well.
        check_host: Host that was checked, for the files.
        suites: Reports to write to the files in place of this one.
        show_all: Whether the text includes passed and skipped checks.

    Raises:
        OSError: A file cannot be written.
    """
    if format_ is Format.json:
        from envkit.report.json import to_json

        sys.stdout.write(to_json(report) + "\n")
    else:
        sys.stdout.write(_format_text(report, format_result, show_all=show_all))
    if files is not None:  # last, so that an unwritable file does not lose the report
        _write(report, suites, files, check_host or CheckHost())
    return int(report.exit_code)


def _write(report: Report[Any], suites: Sequence[Report[Any]], files: ReportFiles, check_host: CheckHost) -> None:
    if files.junit is None and files.html is None:
        return
    from datetime import datetime

    now = datetime.now().astimezone()
    if files.junit is not None:
        from envkit.report.junit import to_junit

        files.junit.write_text(to_junit(suites or [report], created_at=now, check_host=check_host), "utf-8")
    if files.html is not None:
        from envkit.report.html import to_html

        files.html.write_text(to_html(report, suites, created_at=now, check_host=check_host), "utf-8")


def _format_text(report: Report[Any], format_result: Callable[[Any], str], *, show_all: bool) -> str:
    # By default, the result summarizes passed and skipped checks in one line.
    hidden_verdicts = () if show_all else (Verdict.PASSED, Verdict.SKIPPED)
    findings = tuple(finding for finding in report.findings if finding.status not in hidden_verdicts)
    if not findings:
        return escape_controls(format_result(report.result)) + "\n"  # without colors, the import of rich is unnecessary
    from envkit.report.text import render_text

    width = shutil.get_terminal_size((100, 24)).columns
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return render_text(
        replace(report, findings=findings), formatters={report.command: format_result}, width=width, color=color
    )
