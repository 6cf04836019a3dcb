"""Write docs/failures.md: each row of the failure table, what it is told as, and how the tests show it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests import failures

PAGE = Path(__file__).resolve().parent.parent / "docs" / "failures.md"
HEAD = """\
# How a GPU fails

What is known to stand between a host and a GPU that computes, by what it shows. The checks are those of
[checks.md](checks.md), with cause and mend. This page is made by `scripts/make_failures_page.py` from the tests' own
tables.

- **reproduced**: the fault was made, and the real look at it was taken: nodes in real containers, a real engine without
  NVIDIA's toolkit, a real apt, a made-up driver beside the real script, or beside the real TensorFlow 2.9.0
  (`make test-gpu-image`)
- **recorded**: what the real script saw beside such a driver is kept, and judged in each run of the tests
- **quoted**: judged by the words that the real thing is known to print
- **missing**: nothing shows it

A row counts for the best of them. No row was seen on a GPU that was really broken.
"""
COLUMNS = "| row | layer | shows | told as | how | by |\n|---|---|---|---|---|---|\n"


def page() -> str:
    """Return the whole page."""
    evidence = {
        row.number: [shown for shown in failures.shown() if shown.number == row.number] for row in failures.ROWS
    }
    best = {
        number: min((shown.how for shown in shown_rows), key=failures.HOW.index, default=failures.MISSING)
        for number, shown_rows in evidence.items()
    }
    totals = Counter(best.values())
    counts = ", ".join(f"{totals[how]} {how}" for how in failures.HOW if how in totals)
    lines = [_line(row, best[row.number], evidence[row.number]) for row in failures.ROWS]
    return f"{HEAD}\n{len(lines)} rows: {counts}.\n\n{COLUMNS}" + "".join(lines)


def _line(row: failures.Row, how: str, evidence: list[failures.Shown]) -> str:
    checks = sorted(set().union(*(shown.checks for shown in evidence)))
    checks_text = (
        ", ".join(f"[`{check}`](checks.md#{check.replace('/', '')})" for check in checks) or "the engine's refusal"
    )
    files = dict.fromkeys(shown.file for shown in sorted(evidence, key=lambda shown: failures.HOW.index(shown.how)))
    links = ", ".join(f"[{_name(file)}](../{file})" for file in files)
    return f"| {row.number} | {row.layer} | {row.shows} | {checks_text} | {how} | {links} |\n"


def _name(file: str) -> str:
    path = Path(file)
    return path.parent.name if path.name == "expected.yaml" else path.stem


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
