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

    from envkit.model.report import Finding, Report, Site

WIDTH, HEIGHT, MARGIN, BAR = 640, 180, 36, 18
COLORS = {
    Verdict.PASSED: "#1a7f37", Verdict.FAILED: "#cf222e", Verdict.WARNED: "#9a6700", Verdict.SKIPPED: "#656d76",
    Verdict.UNKNOWN: "#8250df",
}
PASSED, FAILED = COLORS[Verdict.PASSED], COLORS[Verdict.FAILED]
# Nothing is fetched and nothing runs, whatever the findings hold.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2328;
  background: #fff; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; vertical-align: top;
  border-bottom: 1px solid #d1d9e0; } code { font: 13px ui-monospace, monospace; } .mend { user-select: all; }
.status { font-weight: 600; white-space: nowrap; } svg { max-width: 100%; height: auto; }
.verdict { font-size: 1.15rem; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } th, td { border-color: #3d444d; } }
"""


def to_html(report: Report[Any], suites: Sequence[Report[Any]] = (), *, at: datetime, site: Site) -> str:
    """Return a report as one page: the verdict, where and when it was made, and what was seen.

    Args:
        report: What to show.
        suites: Its parts, a section for each, where it has some.
        at: When it was made.
        site: Where.
    """
    title = _text(f"envkit {report.command}")
    shown = suites or (report,)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        + _verdict(report) + _origin(shown, at, site)
        + "".join(_section(one, apart=bool(suites)) for one in shown)
        + "</body></html>\n"
    )


def _verdict(report: Report[Any]) -> str:
    """Say in one line what was checked, what came of it, and the word and code that the command ended with."""
    word, color = ("failed", FAILED) if report.exit_code else ("passed", PASSED)
    what = f"{report.command} of {report.subject}" if report.subject else report.command
    told = _text(f"{what}: {_counts(report.findings)}; exit code {int(report.exit_code)}")
    return f'<p class="verdict"><strong style="color:{color}">{word}</strong> {told}</p>\n'


def _counts(findings: Sequence[Finding]) -> str:
    counts = {status: sum(one.status is status for one in findings) for status in Verdict}
    return ", ".join(f"{count} {status.value}" for status, count in counts.items() if count) or "nothing was checked"


def _origin(shown: Sequence[Report[Any]], at: datetime, site: Site) -> str:
    """Tell where, on what and when it was checked, as far as that is known."""
    told = {
        "Host": site.host, "System": site.system, "Engine": site.engine,
        "TensorFlow": ", ".join(dict.fromkeys(filter(None, map(_release, shown)))),
        "Time": f"{_when(at)}, by envkit {__version__}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{_text(value)}</dd>" for name, value in told.items() if value)
    return f"<dl>{rows}</dl>\n"


def _release(report: Report[Any]) -> str:
    """Return the release of TensorFlow that a report is about, or an empty text."""
    result = as_json(report.result)
    return str(result.get("tensorflow") or "") if isinstance(result, dict) else ""


def _when(at: datetime) -> str:
    zone = at.isoformat()[-6:] if at.utcoffset() else "UTC"
    return f"{at:%Y-%m-%d} at {at:%H:%M} {zone}"


def _section(report: Report[Any], *, apart: bool) -> str:
    """Show what was seen; of one part of several, what came of it too, which for the whole stands above."""
    head = f"<h2>{_text(report.subject)}</h2>" if report.subject else ""
    of = f"TensorFlow {_text(_release(report))}: " if _release(report) else ""
    parts = ["<section>", head, f"<p>{of}{_counts(report.findings)}</p>\n" if apart else ""]
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
