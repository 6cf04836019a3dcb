"""Report as one HTML page that needs no network, with charts of GPUs, training loss and time. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from envkit import __version__
from envkit.model.report import Verdict
from envkit.report.json import as_json
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from envkit.model.report import CheckHost, Finding, Report

TEMPLATE = "report.html.j2"
WIDTH, HEIGHT, MARGIN, BAR_HEIGHT = 640, 180, 36, 18
COLORS = {
    Verdict.PASSED: "#1a7f37",
    Verdict.FAILED: "#cf222e",
    Verdict.WARNED: "#9a6700",
    Verdict.SKIPPED: "#656d76",
    Verdict.UNKNOWN: "#8250df",
}


@dataclass(frozen=True, slots=True)
class LossChart:
    """Loss of a training by epoch.

    Attributes:
        points: Points of the SVG polyline.
        first: Loss after the first epoch.
        last: Loss after the last epoch.
        epochs: Number of epochs.
    """

    points: str
    first: float
    last: float
    epochs: int


@dataclass(frozen=True, slots=True)
class TimeBar:
    """Bar of one check in the timeline.

    Attributes:
        finding: Finding of the check.
        x: Left end, in SVG units.
        width: Width, in SVG units.
    """

    finding: Finding
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Section:
    """Part of the page about one report.

    Attributes:
        subject: Subject of the report, or empty.
        summary: Verdict counts, or empty if the page shows them above.
        gpus: Table rows, one per GPU.
        findings: Findings of the report.
        loss_charts: One chart per training.
        bars: Timeline of the checks.
    """

    subject: str
    summary: str
    gpus: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]
    loss_charts: tuple[LossChart, ...]
    bars: tuple[TimeBar, ...]


def to_html(
    report: Report[Any], suites: Sequence[Report[Any]] = (), *, created_at: datetime, check_host: CheckHost
) -> str:
    """Format a report as one page: the verdict, its origin, and the findings.

    Args:
        report: Report to format.
        suites: Reports to show in one section each, in place of the findings of `report`.
        created_at: Time of the checks.
        check_host: Host that was checked.
    """
    reports = suites or (report,)
    subject = f"{report.command} of {report.subject}" if report.subject else report.command
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            title=f"envkit {report.command}",
            verdict=Verdict.FAILED if report.exit_code else Verdict.PASSED,
            summary=f"{subject}: {_format_counts(report.findings)}; exit code {int(report.exit_code)}",
            origin=_origin(reports, created_at, check_host),
            sections=[_section(part, show_counts=bool(suites)) for part in reports],
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("envkit"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_escape_value,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(colors=COLORS, width=WIDTH, height=HEIGHT, margin=MARGIN, bar_height=BAR_HEIGHT)
    return environment


def _escape_value(value: object) -> object:
    """Escape control characters, except in markup that Jinja has already rendered."""
    return value if hasattr(value, "__html__") else escape_controls(str(value))


def _format_counts(findings: Sequence[Finding]) -> str:
    counts = {status: sum(finding.status is status for finding in findings) for status in Verdict}
    return ", ".join(f"{count} {status.value}" for status, count in counts.items() if count) or "nothing was checked"


def _origin(reports: Sequence[Report[Any]], created_at: datetime, check_host: CheckHost) -> dict[str, str]:
    """Return the host, releases and time of the checks; values may be empty."""
    return {
        "Host": check_host.host,
        "System": check_host.system,
        "Engine": check_host.engine,
        "TensorFlow": ", ".join(dict.fromkeys(filter(None, map(_release, reports)))),
        "Time": f"{_format_time(created_at)}, by envkit {__version__}",
    }


def _release(report: Report[Any]) -> str:
    """Return the TensorFlow release of a report, or an empty string."""
    result = as_json(report.result)
    return str(result.get("tensorflow") or "") if isinstance(result, dict) else ""


def _format_time(created_at: datetime) -> str:
    zone = created_at.isoformat()[-6:] if created_at.utcoffset() else "UTC"
    return f"{created_at:%Y-%m-%d} at {created_at:%H:%M} {zone}"


def _section(report: Report[Any], *, show_counts: bool) -> Section:
    prefix = f"TensorFlow {_release(report)}: " if _release(report) else ""
    trainings = [finding.data for finding in report.findings if finding.check == "keras/training"]
    return Section(
        subject=report.subject,
        summary=f"{prefix}{_format_counts(report.findings)}" if show_counts else "",
        gpus=_gpu_rows(as_json(report.result)),
        findings=tuple(report.findings),
        loss_charts=tuple(chart for chart in map(_loss_chart, trainings) if chart is not None),
        bars=tuple(_time_bars(report.findings)),
    )


def _gpu_rows(result: Any) -> tuple[tuple[str, ...], ...]:
    gpus = result.get("gpus") if isinstance(result, dict) else None
    return tuple(_gpu_row(gpu) for gpu in gpus or () if isinstance(gpu, dict))


def _gpu_row(gpu: Mapping[str, Any]) -> tuple[str, ...]:
    memory = f"{gpu.get('used_mib')} of {gpu.get('memory_mib')} MiB"
    model, capability = f"{gpu.get('name')} {gpu.get('uuid')}", gpu.get("compute_capability") or "unknown"
    return tuple(str(value) for value in (gpu.get("index"), model, memory, gpu.get("driver"), capability))


def _loss_chart(data: Mapping[str, Any]) -> LossChart | None:
    losses = [float(loss) for loss in data.get("losses") or () if isinstance(loss, int | float) and math.isfinite(loss)]
    if len(losses) < 2:
        return None
    highest = max(losses) or 1.0
    step, height = (WIDTH - 2 * MARGIN) / (len(losses) - 1), HEIGHT - 2 * MARGIN
    points = " ".join(
        f"{MARGIN + epoch * step:.1f},{MARGIN + height * (1 - loss / highest):.1f}" for epoch, loss in enumerate(losses)
    )
    return LossChart(points, losses[0], losses[-1], len(losses))


def _time_bars(findings: Sequence[Finding]) -> Iterator[TimeBar]:
    """Lay out the checks one after the other, in proportion to their duration."""
    timed_findings = [finding for finding in findings if finding.seconds > 0]
    total_s, elapsed_s = sum(finding.seconds for finding in timed_findings), 0.0
    for finding in timed_findings:
        x, width = WIDTH * (0.4 + 0.5 * elapsed_s / total_s), max(1.0, WIDTH * 0.5 * finding.seconds / total_s)
        yield TimeBar(finding, x, width)
        elapsed_s += finding.seconds
