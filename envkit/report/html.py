"""A report to look at: one HTML file that needs no network, with the loss of a training, the GPUs, and a timeline."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from envkit import __version__
from envkit.model.report import Verdict
from envkit.report.json import as_json
from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from envkit.model.report import CheckHost, Finding, Report

WIDTH, HEIGHT, MARGIN, BAR_HEIGHT = 640, 180, 36, 18
COLORS = {
    Verdict.PASSED: "#1a7f37",
    Verdict.FAILED: "#cf222e",
    Verdict.WARNED: "#9a6700",
    Verdict.SKIPPED: "#656d76",
    Verdict.UNKNOWN: "#8250df",
}
PASS_COLOR, FAIL_COLOR = COLORS[Verdict.PASSED], COLORS[Verdict.FAILED]
# Nothing is fetched and nothing runs, whatever the findings hold.
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2328;
  background: #fff; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; vertical-align: top;
  border-bottom: 1px solid #d1d9e0; } code { font: 13px ui-monospace, monospace; } .hint { user-select: all; }
.status { font-weight: 600; white-space: nowrap; } svg { max-width: 100%; height: auto; }
.verdict { font-size: 1.15rem; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } th, td { border-color: #3d444d; } }
"""


def to_html(
    report: Report[Any], suites: Sequence[Report[Any]] = (), *, created_at: datetime, check_host: CheckHost
) -> str:
    """Return a report as one page: the verdict, where and when it was made, and what was seen.

    Args:
        report: What to show.
        suites: Its parts, a section for each, where it has some.
        created_at: When it was made.
        check_host: Where.
    """
    title = _escape(f"envkit {report.command}")
    reports = suites or (report,)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        + _verdict(report)
        + _origin(reports, created_at, check_host)
        + "".join(_section(part, show_counts=bool(suites)) for part in reports)
        + "</body></html>\n"
    )


def _verdict(report: Report[Any]) -> str:
    """Say in one line what was checked, what came of it, and the word and code that the command ended with."""
    outcome, color = ("failed", FAIL_COLOR) if report.exit_code else ("passed", PASS_COLOR)
    subject = f"{report.command} of {report.subject}" if report.subject else report.command
    summary = _escape(f"{subject}: {_format_counts(report.findings)}; exit code {int(report.exit_code)}")
    return f'<p class="verdict"><strong style="color:{color}">{outcome}</strong> {summary}</p>\n'


def _format_counts(findings: Sequence[Finding]) -> str:
    counts = {status: sum(finding.status is status for finding in findings) for status in Verdict}
    return ", ".join(f"{count} {status.value}" for status, count in counts.items() if count) or "nothing was checked"


def _origin(reports: Sequence[Report[Any]], created_at: datetime, check_host: CheckHost) -> str:
    """Tell where, on what and when it was checked, as far as that is known."""
    fields = {
        "Host": check_host.host,
        "System": check_host.system,
        "Engine": check_host.engine,
        "TensorFlow": ", ".join(dict.fromkeys(filter(None, map(_release, reports)))),
        "Time": f"{_format_time(created_at)}, by envkit {__version__}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{_escape(value)}</dd>" for name, value in fields.items() if value)
    return f"<dl>{rows}</dl>\n"


def _release(report: Report[Any]) -> str:
    """Return the release of TensorFlow that a report is about, or an empty text."""
    result = as_json(report.result)
    return str(result.get("tensorflow") or "") if isinstance(result, dict) else ""


def _format_time(created_at: datetime) -> str:
    zone = created_at.isoformat()[-6:] if created_at.utcoffset() else "UTC"
    return f"{created_at:%Y-%m-%d} at {created_at:%H:%M} {zone}"


def _section(report: Report[Any], *, show_counts: bool) -> str:
    """Show what was seen; of one part of several, what came of it too, which for the whole stands above."""
    heading = f"<h2>{_escape(report.subject)}</h2>" if report.subject else ""
    prefix = f"TensorFlow {_escape(_release(report))}: " if _release(report) else ""
    parts = ["<section>", heading, f"<p>{prefix}{_format_counts(report.findings)}</p>\n" if show_counts else ""]
    parts += [_gpu_table(as_json(report.result)), _findings_table(report.findings)]
    parts += [_loss_chart(finding.data) for finding in report.findings if finding.check == "keras/training"]
    return "".join([*parts, _timeline(report.findings), "</section>\n"])


def _findings_table(findings: Iterable[Finding]) -> str:
    rows = "".join(_finding_row(finding) for finding in findings)
    return f"<table><thead><tr><th>Status</th><th>Check</th><th>Seen</th></tr></thead><tbody>{rows}</tbody></table>\n"


def _finding_row(finding: Finding) -> str:
    details = ""
    if finding.status is not Verdict.PASSED:
        details += f"<br>Cause: {_escape(finding.cause)}" if finding.cause else ""
        details += f'<br>Hint: <code class="hint">{_escape(finding.hint)}</code>' if finding.hint else ""
    status = f'<td class="status" style="color:{COLORS[finding.status]}">{finding.status.value}</td>'
    return (
        f"<tr>{status}<td><code>{_escape(finding.check)}</code></td><td>{_escape(finding.detail)}{details}</td></tr>\n"
    )


def _gpu_table(result: Any) -> str:
    gpus = result.get("gpus") if isinstance(result, dict) else None
    rows = "".join(_gpu_row(gpu) for gpu in gpus or () if isinstance(gpu, dict))
    if not rows:
        return ""
    labels = "".join(f"<th>{label}</th>" for label in ("GPU", "Model", "Memory used", "Driver", "Compute capability"))
    return f"<h3>GPUs</h3><table><thead><tr>{labels}</tr></thead><tbody>{rows}</tbody></table>\n"


def _gpu_row(gpu: Mapping[str, Any]) -> str:
    memory = f"{gpu.get('used_mib')} of {gpu.get('memory_mib')} MiB"
    model, capability = f"{gpu.get('name')} {gpu.get('uuid')}", gpu.get("compute_capability") or "unknown"
    values = (gpu.get("index"), model, memory, gpu.get("driver"), capability)
    return "<tr>" + "".join(f"<td>{_escape(str(value))}</td>" for value in values) + "</tr>"


def _loss_chart(data: Mapping[str, Any]) -> str:
    """Draw the loss of a training, epoch by epoch."""
    losses = [float(loss) for loss in data.get("losses") or () if isinstance(loss, int | float) and math.isfinite(loss)]
    if len(losses) < 2:
        return ""
    highest = max(losses) or 1.0
    step, height = (WIDTH - 2 * MARGIN) / (len(losses) - 1), HEIGHT - 2 * MARGIN
    points = " ".join(
        f"{MARGIN + epoch * step:.1f},{MARGIN + height * (1 - loss / highest):.1f}" for epoch, loss in enumerate(losses)
    )
    baseline = HEIGHT - MARGIN
    return (
        f'<h3>Loss</h3><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="loss by epoch">'
        f'<polyline fill="none" stroke="#0969da" stroke-width="2" points="{points}"/>'
        f'<line x1="{MARGIN}" y1="{baseline}" x2="{WIDTH - MARGIN}" y2="{baseline}" stroke="currentColor"/>'
        f'<text x="{MARGIN}" y="{MARGIN - 8}">{losses[0]:.3f}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 10}" text-anchor="end">{losses[-1]:.3f} after {len(losses)} epochs'
        "</text></svg>\n"
    )


def _timeline(findings: Sequence[Finding]) -> str:
    """Draw how long each check took, one after the other."""
    entries = [finding for finding in findings if finding.seconds > 0]
    total = sum(finding.seconds for finding in entries)
    if not total:
        return ""
    bars, elapsed = [], 0.0
    for row, finding in enumerate(entries):
        x, width = WIDTH * 0.4 + WIDTH * 0.5 * elapsed / total, max(1.0, WIDTH * 0.5 * finding.seconds / total)
        y = row * BAR_HEIGHT
        bars.append(
            f'<text x="0" y="{y + 13}">{_escape(finding.check)}</text><rect x="{x:.1f}" y="{y + 3}" '
            f'width="{width:.1f}" height="{BAR_HEIGHT - 6}" fill="{COLORS[finding.status]}"/>'
            f'<text x="{WIDTH}" y="{y + 13}" text-anchor="end">{finding.seconds:.2f} s</text>'
        )
        elapsed += finding.seconds
    return (
        f'<h3>Time</h3><svg viewBox="0 0 {WIDTH} {len(entries) * BAR_HEIGHT}" role="img" aria-label="seconds by check">'
        + "".join(bars)
        + "</svg>\n"
    )


def _escape(text: str) -> str:
    return escape(escape_controls(text))
