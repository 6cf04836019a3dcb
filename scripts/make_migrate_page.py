"""Write docs/migrate-rules.md from the table of rules and their cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envkit.migrate.rules.table import RULE_TABLE
from scripts import table_page

if TYPE_CHECKING:
    from envkit.migrate.rules.rule import Rule

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "migrate-rules.md"
CASES = ROOT / "tests" / "cases" / "migrate"
HEAD = """\
# Rules of migrate

What is rewritten and what is told, by the id that stands in reports. This page is made from `envkit/migrate/rules/` and
from the cases in `tests/cases/migrate/` by `scripts/make_migrate_page.py`.

| class | means |
|---|---|
| mechanical | it is rewritten; where that cannot be done, it is told for review |
| review | a person has to decide; some are rewritten all the same, and told |
| impossible | the release aimed at has nothing of the kind; it is left as it is, and told |
| behaviour | it runs, and does something else than it did |
| lint | it works, and there is a better practice |
| unresolved | the release aimed at does not have it, and no rule knows why |

A comment `# envkit: ignore[id]` on a line switches a rule off there, `# envkit: ignore` all of them.
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_topic(topic, rows) for topic, rows in table_page.by_topic(RULE_TABLE.values()).items())


def _topic(topic: str, rows: list[Rule]) -> str:
    lines = "".join(
        f"| {table_page.link(row)} | {row.rule_class} | {_code(row.before)} | {_code(row.after)} |\n" for row in rows
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


if __name__ == "__main__":
    table_page.write(PAGE, page())
