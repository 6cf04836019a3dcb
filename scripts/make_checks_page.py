"""Write docs/checks.md from the table of checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkit.checks.table import CHECKS
from scripts import table_page

if TYPE_CHECKING:
    from envkit.checks.check import Check

PAGE = Path(__file__).resolve().parent.parent / "docs" / "checks.md"
HEAD = """\
# Checks

What envkit looks for, by the id that stands in its reports. This page is made from `envkit/checks/rows/` by
`scripts/make_checks_page.py`.

A check comes out as `passed`, `failed`, `warned`, `skipped` or `unknown`; what is skipped says why. Where a run finds a
better cause or mend than the usual one below, it names that instead. A failed `gpu/` check ends envkit with exit code
5, any other failed check with 1; `envkit smoke` ends with 5 only under `--expect gpu`, and with 3 for `image/runs`. If
no GPU was asked for, `up`, `probe` and `doctor` fail no `gpu/` check. [failures.md](failures.md) lists what is known to
keep a GPU from computing, which of these checks it is told as, and whether the tests reproduce it.
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_topic(topic, rows) for topic, rows in table_page.by_topic(CHECKS.values()).items())


def _topic(topic: str, rows: list[Check]) -> str:
    summary = "".join(f"| {table_page.link(row)} | {row.severity} | {row.layer} | {row.title} |\n" for row in rows)
    table = f"| id | severity | layer | what it says |\n|---|---|---|---|\n{summary}"
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


if __name__ == "__main__":
    table_page.write(PAGE, page())
