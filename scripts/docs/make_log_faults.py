"""Render docs/reference/log-faults.md from the rules of `explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.checks.log.rule import LAYERS
from envkit.checks.log.rules import HARMLESS, RULES
from scripts.docs import pages

if TYPE_CHECKING:
    from envkit.checks.log.rule import LogLayer

HEAD = """\
# Log faults

All faults that `envkit explain` recognizes in a text, by layer. This page is generated from `envkit/checks/log/rules/`
by `scripts/docs/make_log_faults.py`.

The id is that of a [check](checks.md) or an [error code](errors.md) where one exists. If a text shows several faults,
the first layer wins. A notice counts only if no cause is found: it explains a missing GPU or a failed program, but is
also printed where nothing is wrong. A general fault counts only if nothing else is recognized.
"""


def page() -> str:
    """Render the page."""
    reasons = dict.fromkeys(rule.cause for rule in HARMLESS)
    harmless = "".join(f"- {reason}\n" for reason in reasons)
    return f"{HEAD}{''.join(map(_section, LAYERS))}\n## Harmless lines\n\nThey are never the reason:\n\n{harmless}"


def _section(layer: LogLayer) -> str:
    rows = dict.fromkeys(
        (f"`{rule.fault}`", rule.rank.name.lower(), pages.cell(rule.cause), pages.cell(rule.hint))
        for rule in RULES
        if rule.layer == layer
    )
    title = "TensorFlow" if layer == "tensorflow" else layer.capitalize()
    return f"\n## {title}\n\n{pages.table(('fault', 'kind', 'cause', 'hint'), sorted(rows))}"
