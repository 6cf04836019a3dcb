"""Judge a saved JSON report with the current rules: its failed findings and its error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envkit.checks import observations as obs
from envkit.checks.check import CHECKS
from envkit.checks.log.evidence import show_line
from envkit.checks.log.explanation import Explanation, Fault, explain_lines
from envkit.checks.log.rule import LAYERS
from envkit.checks.log.scanner import LogLine
from envkit.error_codes import ERRORS
from envkit.errors import ExitCode
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ERROR_LAYERS = {ExitCode.ENGINE: "engine", ExitCode.GPU: "host", ExitCode.EXEC_FAILED: "container"}
# Ids of checks that only repeat a message; the message itself may name the cause.
_ORDER = {Verdict.FAILED.value: 0, Verdict.WARNED.value: 1, Verdict.UNKNOWN.value: 2}
DETAIL_LENGTH = 4_000


def parse_report(text: str) -> Mapping[str, Any] | None:
    """Parse a report of envkit; None if the text is none."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    try:
        report = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    is_report = isinstance(report, dict) and isinstance(report.get("command"), str)
    return report if is_report and ("findings" in report or "error" in report) else None


def explain_report(report: Mapping[str, Any]) -> Explanation:
    """Explain a report: its failed findings first, then warnings, each by the first layer that fails."""
    findings = [finding for finding in obs.tables(report, "findings") if obs.text(finding, "status") in _ORDER]
    findings.sort(key=lambda finding: _ORDER[obs.text(finding, "status")])
    failed = [finding for finding in findings if _ORDER[obs.text(finding, "status")] == 0]
    faults = _explain_error(obs.table(report, "error")) + _by_layer(failed)
    faults += _by_layer([finding for finding in findings if finding not in failed])
    unique = {fault.fault: fault for fault in reversed(faults)}
    ordered = tuple(fault for fault in dict.fromkeys(faults) if unique.get(fault.fault) is fault)
    return Explanation(ordered[0] if ordered else None, ordered[1:])


def _by_layer(findings: Sequence[Mapping[str, Any]]) -> list[Fault]:
    faults = [_explain_finding(finding) for finding in findings]
    return sorted(faults, key=lambda fault: LAYERS.index(fault.layer) if fault.layer in LAYERS else len(LAYERS))


def _explain_finding(finding: Mapping[str, Any]) -> Fault:
    """Explain a finding by its text; if no rule matches, by its check."""
    check_id, detail = single_line(obs.text(finding, "check"), 60), obs.text(finding, "detail")[:DETAIL_LENGTH]
    line = LogLine(0, show_line(f"{check_id}: {detail}", 0))
    reason = explain_lines([(1, detail)]).reason
    if reason:
        return Fault(reason.fault, reason.layer, reason.cause, reason.hint, (line,))
    check = CHECKS.get(obs.text(finding, "check"))
    cause, hint, layer = (single_line(obs.text(finding, key), 600) for key in ("cause", "hint", "layer"))
    if check is not None:
        return Fault(check.id, check.layer, _prefer(cause, check.cause), _prefer(hint, check.hint), (line,))
    return Fault(check_id, layer, cause, hint, (line,))


def _prefer(stored: str, current: str) -> str:
    """Return a stored text, which fits its finding, unless it was unknown at that time."""
    return current if current and (not stored or stored.startswith("unknown")) else stored


def _explain_error(error: Mapping[str, Any]) -> list[Fault]:
    message, code = obs.text(error, "message"), single_line(obs.text(error, "code"), 60)
    if not message:
        return []
    texts = [message, *filter(None, (obs.text(error, "detail"),))]
    line = LogLine(0, show_line(": ".join(texts)[:DETAIL_LENGTH], 0))
    reason = explain_lines([(1, " ".join(texts)[:DETAIL_LENGTH])]).reason
    if reason:
        return [Fault(reason.fault, reason.layer, reason.cause, reason.hint, (line,))]
    entry = ERRORS.get(code)
    hint = single_line(obs.text(error, "hint"), 600)
    if entry is None:
        return [Fault(code or "error", "host", "", hint, (line,))]
    return [Fault(code, ERROR_LAYERS.get(entry.exit_code, "host"), entry.cause, hint or entry.hint, (line,))]
