"""Reports -> stdout, as text or JSON, and their exit code."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from envkit.cli.options import Format
from envkit.model.report import Site, Verdict
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from envkit.model.report import Report


SYSTEM = ("/dev/", "/proc/")  # where a name stands for what is open already


@dataclass(frozen=True, slots=True)
class Files:
    """Files that a report is written to beside stdout.

    Attributes:
        junit: For CI systems, or None.
        html: For people, or None.
    """

    junit: Path | None = None
    html: Path | None = None

    def clear(self) -> None:
        """Take away what an earlier run left there: should this one fail, no old report must pass for its own."""
        for path in filter(None, (self.junit, self.html)):
            if path.is_symlink() or not path.is_file():
                if path.is_file() and not str(path.absolute()).startswith(SYSTEM):
                    path.write_text("", "utf-8")  # a link, and what it leads to, are the caller's own arrangement
            else:
                path.unlink()


def show(
    report: Report[Any], format_: Format, text: Callable[[Any], str], *, files: Files | None = None,
    site: Site | None = None, suites: Sequence[Report[Any]] = (), whole: bool = False,
) -> int:
    """Print a report on stdout and return its exit code.

    Args:
        report: What a command has to say.
        format_: For people or for programs.
        text: Makes the result's text for people.
        files: Where its findings are to be written to, too.
        site: Where it was checked, for those.
        suites: What to write there, where that is not this report alone.
        whole: Whether people are told what is well, too, check by check.

    Raises:
        OSError: The file cannot be written.
    """
    if format_ is Format.json:
        from envkit.report.json import to_json

        sys.stdout.write(to_json(report) + "\n")
    else:
        sys.stdout.write(_for_people(report, text, whole=whole))
    if files is not None:  # last: where a file cannot be written, the report is not lost
        _write(report, suites, files, site or Site())
    return int(report.exit_code)


def _write(report: Report[Any], suites: Sequence[Report[Any]], files: Files, site: Site) -> None:
    if files.junit is None and files.html is None:
        return
    from datetime import datetime

    now = datetime.now().astimezone()
    if files.junit is not None:
        from envkit.report.junit import to_junit

        files.junit.write_text(to_junit(suites or [report], at=now, site=site), "utf-8")
    if files.html is not None:
        from envkit.report.html import to_html

        files.html.write_text(to_html(report, suites, at=now, site=site), "utf-8")


def _for_people(report: Report[Any], text: Callable[[Any], str], *, whole: bool) -> str:
    # They are told what is wrong; what is well stands in one line of the result, unless it was asked for.
    well = () if whole else (Verdict.PASSED, Verdict.SKIPPED)
    troubles = tuple(one for one in report.findings if one.status not in well)
    if not troubles:
        return plain(text(report.result)) + "\n"  # nothing to colour, so nothing to import for it
    from envkit.report.text import render_text

    width = shutil.get_terminal_size((100, 24)).columns
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return render_text(replace(report, findings=troubles), results={report.command: text}, width=width, color=color)
