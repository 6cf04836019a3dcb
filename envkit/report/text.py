"""A report for people: what a command has to say, and under it what was checked."""

from __future__ import annotations

import textwrap
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from envkit.model.report import Verdict
from envkit.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.console import RenderableType

    from envkit.model.report import Finding, Report

    # How one command shows its result. Text is made safe here; who builds something rich can show puts
    # `envkit.plain.plain` around what comes from elsewhere.
    ResultText = Callable[[Any], RenderableType]

WIDTH = 100
NARROWEST = 40
STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.WARNED: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.UNKNOWN: "magenta",
}
STATUS_WIDTH = max(len(status.value) for status in Verdict) + 2
LABEL_WIDTH = len("cause") + 2


def render_text(
    report: Report[Any], *, results: Mapping[str, ResultText], width: int = WIDTH, color: bool = False
) -> str:
    """Return a report as text.

    Args:
        report: What to show.
        results: How each command shows its result, by the command's name.
        width: Of the terminal, in columns.
        color: Whether to use terminal colours.

    Raises:
        KeyError: The report has a result and its command has no way to show it.
    """
    shown: list[RenderableType] = []
    if report.result is not None:
        result = results[report.command](report.result)
        shown.append(Text(plain(result)) if isinstance(result, str) else result)
    shown.extend(finding_lines(report.findings, max(width, NARROWEST)))
    return _printed(shown, max(width, NARROWEST), color=color)


def finding_lines(findings: Iterable[Finding], width: int = WIDTH) -> Iterator[Text]:
    """Return findings as lines no wider than that; a mend stays whole, so that it can be copied."""
    for finding in findings:
        yield from _finding(finding, width)


def _finding(finding: Finding, width: int) -> Iterator[Text]:
    head = Text(finding.status.value.ljust(STATUS_WIDTH), style=STYLES[finding.status])
    head.append(plain(finding.check), style="bold")
    if finding.status is not Verdict.PASSED and finding.where:
        head.append(f" ({plain(finding.where)})", style="dim")
    yield head
    yield from _wrapped("", finding.seen, width)
    if finding.status is not Verdict.PASSED:
        yield from _wrapped("cause", finding.cause, width)
        if finding.mend:
            yield _line("mend", " ".join(plain(finding.mend).split("\n")), style="bold")


def _wrapped(label: str, text: str, width: int) -> Iterator[Text]:
    indent = STATUS_WIDTH + (LABEL_WIDTH if label else 0)
    for written in plain(text).splitlines():
        for part in textwrap.wrap(written, width - indent, break_long_words=True, break_on_hyphens=False):
            yield _line(label, part)
            label = " " if label else ""


def _line(label: str, text: str, style: str = "") -> Text:
    made = Text(" " * STATUS_WIDTH)
    if label:
        made.append(label.ljust(LABEL_WIDTH), style="dim")
    return made.append(text, style=style)


def _printed(shown: Iterable[RenderableType], width: int, *, color: bool) -> str:
    # An empty environment: what is written depends on the arguments alone.
    console = Console(
        file=StringIO(), width=width, force_terminal=color, color_system="standard" if color else None,
        no_color=not color, markup=False, emoji=False, highlight=False, legacy_windows=False, _environ={},
    )
    with console.capture() as capture:
        for one in shown:
            console.print(one, soft_wrap=isinstance(one, Text))
    return capture.get()
