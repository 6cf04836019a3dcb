"""Render docs/reference/checks.md from the table of checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.check import CHECKS
from scripts.docs import pages

if TYPE_CHECKING:
    from envkit.checks.definitions import Check

HEAD = """\
# Checks

All checks of envkit, by the id in its reports. This page is generated from `envkit/checks/definitions/` by
`scripts/docs/make_checks.py`.

The result of a check is `passed`, `failed`, `warned`, `skipped` or `unknown`; a skipped check has a reason. If a run
finds a better cause or hint than the usual one below, the report shows it instead. If a `gpu/` check fails, envkit
exits with code 5; if another check fails, with code 1. `envkit smoke` exits with code 5 only with `--expect gpu`, and
with code 3 for `image/runs`. If no GPU was requested, `up`, `probe` and `doctor` never fail a `gpu/` check.
[GPU failures](gpu-failures.md) lists the known causes of GPU failures, the check that reports each, and whether the
tests reproduce it.
"""


def page() -> str:
    """Render the page."""
    return HEAD + "".join(_topic(topic, rows) for topic, rows in pages.by_topic(CHECKS.values()).items())


def _topic(topic: str, rows: list[Check]) -> str:
    summary = "".join(f"| {pages.link(row)} | {row.severity} | {row.layer} | {row.title} |\n" for row in rows)
    table = f"| id | severity | layer | title |\n|---|---|---|---|\n{summary}"
    return f"\n## {topic}\n\n{table}" + "".join(_section(row) for row in rows)


def _section(row: Check) -> str:
    lines = [f"\n### `{row.id}`\n", f"{row.title}. {row.description}\n"]
    if row.cause:
        lines.append(f"- Usual cause: {row.cause}")
    if row.hint:
        lines.append(f"- Hint: {_escape(row.hint)}")
    return "\n".join(lines).rstrip("\n") + "\n"


def _escape(text: str) -> str:
    return text.replace("*", r"\*")
