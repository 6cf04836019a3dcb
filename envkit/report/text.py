"""Report as text for people: the result of a command, then its findings."""

from __future__ import annotations

import textwrap
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from envkit.model.report import Verdict
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.console import RenderableType

    from envkit.model.report import Finding, Report

    # Formatter of one command's result. Text is escaped here; formatters that return rich objects escape foreign text.
    ResultFormatter = Callable[[Any], RenderableType]

DEFAULT_WIDTH = 100
MIN_WIDTH = 40
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
    report: Report[Any], *, formatters: Mapping[str, ResultFormatter], width: int = DEFAULT_WIDTH, color: bool = False
) -> str:
    """Format a report as text.

    Args:
        report: Report to format.
        formatters: Formatter of the result, by command name.
        width: Width of the terminal, in columns.
        color: Whether to use terminal colors.

    Raises:
        KeyError: The report has a result, and its command has no formatter.
    """
    renderables: list[RenderableType] = []
    if report.result is not None:
        result = formatters[report.command](report.result)
        renderables.append(Text(escape_controls(result)) if isinstance(result, str) else result)
    renderables.extend(format_findings(report.findings, max(width, MIN_WIDTH)))
    return _print(renderables, max(width, MIN_WIDTH), color=color)


def format_findings(findings: Iterable[Finding], width: int = DEFAULT_WIDTH) -> Iterator[Text]:
    """Format findings as lines of a maximum width in columns; hints are never wrapped, so that they can be copied."""
    for finding in findings:
        yield from _format_finding(finding, width)


def _format_finding(finding: Finding, width: int) -> Iterator[Text]:
    heading = Text(finding.status.value.ljust(STATUS_WIDTH), style=STYLES[finding.status])
    heading.append(escape_controls(finding.check), style="bold")
    if finding.status is not Verdict.PASSED and finding.layer:
        heading.append(f" ({escape_controls(finding.layer)})", style="dim")
    yield heading
    yield from _wrap("", finding.detail, width)
    if finding.status is not Verdict.PASSED:
        yield from _wrap("cause", finding.cause, width)
        if finding.hint:
            yield _format_line("hint", " ".join(escape_controls(finding.hint).split("\n")), style="bold")


def _wrap(label: str, text: str, width: int) -> Iterator[Text]:
    indent = STATUS_WIDTH + (LABEL_WIDTH if label else 0)
    for paragraph in escape_controls(text).splitlines():
        for part in textwrap.wrap(paragraph, width - indent, break_long_words=True, break_on_hyphens=False):
            yield _format_line(label, part)
            label = " " if label else ""


def _format_line(label: str, text: str, style: str = "") -> Text:
    line = Text(" " * STATUS_WIDTH)
    if label:
        line.append(label.ljust(LABEL_WIDTH), style="dim")
    return line.append(text, style=style)


def _print(renderables: Iterable[RenderableType], width: int, *, color: bool) -> str:
    # The output depends only on the arguments, not on environment variables.
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for renderable in renderables:
            console.print(renderable, soft_wrap=isinstance(renderable, Text))
    return capture.get()
