"""Render docs/reference/migrate-rules.md from the rule table and the test cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate.rules.table import RULE_TABLE
from scripts.docs import pages

if TYPE_CHECKING:
    from envkit.migrate.rules.rule import Rule

CASES = pages.ROOT / "tests" / "cases" / "migrate"
HEAD = """\
# Migration rules

All rewrites and notes of `envkit migrate`, by the id in its reports. This page is generated from
`envkit/migrate/rules/` and the cases in `tests/cases/migrate/` by `scripts/docs/make_migrate_rules.py`.

| class | meaning |
|---|---|
| mechanical | rewritten; if a rewrite is not possible, a note asks for a review |
| review | needs a decision by hand; some are also rewritten, with a note |
| impossible | the target release has no equivalent; the code is not changed, and a note explains it |
| behaviour | the code runs but behaves differently |
| lint | the code works, but there is a better practice |
| unresolved | the target release does not have the name, and no rule explains why |

A comment `# envkit: ignore[id]` disables one rule on its line, `# envkit: ignore` disables all rules there.
"""


def page() -> str:
    """Render the page."""
    return HEAD + "".join(_topic(topic, rows) for topic, rows in pages.by_topic(RULE_TABLE.values()).items())


def _topic(topic: str, rows: list[Rule]) -> str:
    lines = "".join(
        f"| {pages.link(row)} | {row.rule_class} | {_code(row.before)} | {_code(row.after)} |\n" for row in rows
    )
    return f"\n## {topic}\n\n| id | class | before | after |\n|---|---|---|---|\n{lines}" + "".join(map(_section, rows))


def _section(row: Rule) -> str:
    folder = CASES / row.id.replace("/", "-")
    before, after = ((folder / name).read_text("utf-8").rstrip("\n") for name in ("before.py", "after.py"))
    parts = [f"\n### `{row.id}`\n\n{row.description} {_since(row)}\n"]
    if row.hint:
        parts.append(f"\n- By hand: {_plain(row.hint)}\n")
    parts.append(f"\n```python\n{before}\n```\n")
    if after != before:
        parts.append(f"\nbecomes\n\n```python\n{after}\n```\n")
    return "".join(parts)


def _since(row: Rule) -> str:
    return f"Since TensorFlow {row.since}" + (f", before {row.until}." if row.until else ".")


def _code(text: str) -> str:
    line = text.replace("\n", " ⏎ ").replace("|", "\\|")
    return f"`{line}`" if line else ""


def _plain(text: str) -> str:
    return text.replace("*", r"\*").replace("_", r"\_")
