"""A report to look at: one HTML file that needs no network, with the loss of a training, the GPUs, and a timeline."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from envkit import __version__
from envkit.model.report import Verdict
from envkit.plain import plain
from envkit.report.json import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from envkit.model.report import Finding, Report

WIDTH, HEIGHT, MARGIN, BAR = 640, 180, 36, 18
COLORS = {
    Verdict.PASSED: "#1a7f37", Verdict.FAILED: "#cf222e", Verdict.WARNED: "#9a6700", Verdict.SKIPPED: "#656d76",
    Verdict.UNKNOWN: "#8250df",
}
# Nothing is fetched and nothing runs, whatever the findings hold.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2328;
  background: #fff; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; vertical-align: top;
  border-bottom: 1px solid #d1d9e0; } code { font: 13px ui-monospace, monospace; } .mend { user-select: all; }
.status { font-weight: 600; white-space: nowrap; } svg { max-width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } th, td { border-color: #3d444d; } }
"""


def to_html(reports: Sequence[Report[Any]], *, at: datetime) -> str:
    """Return reports as one page, a section for each.

    Args:
        reports: What to show.
        at: When they were made.
    """
    title = _text(f"envkit {reports[0].command}" if reports else "envkit")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        + "".join(_section(one) for one in reports)
        + f"<p>Made by envkit {_text(__version__)} on {_text(_when(at))}.</p></body></html>\n"
    )


def _when(at: datetime) -> str:
    zone = at.isoformat()[-6:] if at.utcoffset() else "UTC"
    return f"{at:%Y-%m-%d} at {at:%H:%M} {zone}"


def _section(report: Report[Any]) -> str:
    counts = {status: sum(one.status is status for one in report.findings) for status in Verdict}
    words = ", ".join(f"{count} {status.value}" for status, count in counts.items() if count) or "nothing was checked"
    head = f"<h2>{_text(report.subject)}</h2>" if report.subject else ""
    parts = [f"<section>{head}<p>{words}</p>\n"]
    parts += [_gpus(as_json(report.result)), _findings(report.findings)]
    parts += [_losses(one.data) for one in report.findings if one.check == "keras/training"]
    return "".join([*parts, _timeline(report.findings), "</section>\n"])


def _findings(findings: Iterable[Finding]) -> str:
    rows = "".join(_row(one) for one in findings)
    return f"<table><thead><tr><th>Status</th><th>Check</th><th>Seen</th></tr></thead><tbody>{rows}</tbody></table>\n"


def _row(one: Finding) -> str:
    more = ""
    if one.status is not Verdict.PASSED:
        more += f"<br>Cause: {_text(one.cause)}" if one.cause else ""
        more += f'<br>Mend: <code class="mend">{_text(one.mend)}</code>' if one.mend else ""
    status = f'<td class="status" style="color:{COLORS[one.status]}">{one.status.value}</td>'
    return f"<tr>{status}<td><code>{_text(one.check)}</code></td><td>{_text(one.seen)}{more}</td></tr>\n"


def _gpus(result: Any) -> str:
    gpus = result.get("gpus") if isinstance(result, dict) else None
    rows = "".join(_gpu(one) for one in gpus or () if isinstance(one, dict))
    if not rows:
        return ""
    heads = "".join(f"<th>{one}</th>" for one in ("GPU", "Model", "Memory used", "Driver", "Compute capability"))
    return f"<h3>GPUs</h3><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>\n"


def _gpu(one: Mapping[str, Any]) -> str:
    memory = f"{one.get('used_mib')} of {one.get('memory_mib')} MiB"
    model, capability = f"{one.get('name')} {one.get('uuid')}", one.get("compute_capability") or "unknown"
    values = (one.get("index"), model, memory, one.get("driver"), capability)
    return "<tr>" + "".join(f"<td>{_text(str(value))}</td>" for value in values) + "</tr>"


def _losses(data: Mapping[str, Any]) -> str:
    """Draw the loss of a training, epoch by epoch."""
    losses = [float(one) for one in data.get("losses") or () if isinstance(one, int | float) and math.isfinite(one)]
    if len(losses) < 2:
        return ""
    highest = max(losses) or 1.0
    across, down = (WIDTH - 2 * MARGIN) / (len(losses) - 1), HEIGHT - 2 * MARGIN
    points = " ".join(
        f"{MARGIN + at * across:.1f},{MARGIN + down * (1 - one / highest):.1f}" for at, one in enumerate(losses)
    )
    floor = HEIGHT - MARGIN
    return (
        f'<h3>Loss</h3><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="loss by epoch">'
        f'<polyline fill="none" stroke="#0969da" stroke-width="2" points="{points}"/>'
        f'<line x1="{MARGIN}" y1="{floor}" x2="{WIDTH - MARGIN}" y2="{floor}" stroke="currentColor"/>'
        f'<text x="{MARGIN}" y="{MARGIN - 8}">{losses[0]:.3f}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 10}" text-anchor="end">{losses[-1]:.3f} after {len(losses)} epochs'
        "</text></svg>\n"
    )


def _timeline(findings: Sequence[Finding]) -> str:
    """Draw how long each check took, one after the other."""
    timed = [one for one in findings if one.seconds > 0]
    whole = sum(one.seconds for one in timed)
    if not whole:
        return ""
    bars, at = [], 0.0
    for row, one in enumerate(timed):
        left, wide = WIDTH * 0.4 + WIDTH * 0.5 * at / whole, max(1.0, WIDTH * 0.5 * one.seconds / whole)
        top = row * BAR
        bars.append(
            f'<text x="0" y="{top + 13}">{_text(one.check)}</text><rect x="{left:.1f}" y="{top + 3}" '
            f'width="{wide:.1f}" height="{BAR - 6}" fill="{COLORS[one.status]}"/>'
            f'<text x="{WIDTH}" y="{top + 13}" text-anchor="end">{one.seconds:.2f} s</text>'
        )
        at += one.seconds
    return (
        f'<h3>Time</h3><svg viewBox="0 0 {WIDTH} {len(timed) * BAR}" role="img" aria-label="seconds by check">'
        + "".join(bars) + "</svg>\n"
    )


def _text(text: str) -> str:
    return escape(plain(text))
