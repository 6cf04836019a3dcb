"""Environments as a table: whole in a pipe; on a terminal no wider than that, so that no line is broken."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit.plain import plain

if TYPE_CHECKING:
    from envkit.commands.status import Environments, Row

HEADS = ("NAME", "STATUS", "JUPYTERLAB", "IMAGE", "PROJECT", "PROVEN")
# Where there is no room for all, the last of these columns goes first; half an address serves nobody.
IMPORTANCE = ("NAME", "STATUS", "JUPYTERLAB", "PROVEN", "PROJECT", "IMAGE")
# These are shortened before they go; to no less than this.
SHORTEST = {"PROVEN": 24, "PROJECT": 12}
GAP = "  "


def listing(result: Environments, width: int | None = None) -> str:
    """Return a table of environments, and what helps those whose folder is gone.

    Args:
        result: What was found.
        width: Of the terminal, in columns; None where nothing has to fit.
    """
    if not result.rows:
        return "no environments; `envkit up` in a project folder starts one"
    cells = [dict(zip(HEADS, HEADS, strict=True)), *(_cells(row) for row in result.rows)]
    widths = {head: max(len(row[head]) for row in cells) for head in HEADS}
    if width is not None:
        widths = _fitted(widths, width)
    lines = [GAP.join(_cell(head, row[head], widths[head]) for head in HEADS if head in widths) for row in cells]
    gone = (row for row in result.rows if row.mend)
    mends = (f"the folder of {row.name} is gone; this removes what is left:\n  {row.mend}" for row in gone)
    return "\n".join([*(line.rstrip() for line in lines), *mends])


def _fitted(widths: dict[str, int], room: int) -> dict[str, int]:
    """Return the columns that there is room for, with their widths."""
    for count in range(len(IMPORTANCE), 1, -1):
        kept = IMPORTANCE[:count]
        least = {head: min(widths[head], SHORTEST.get(head, widths[head])) for head in kept}
        # The least important column is not worth a shortened other one.
        if _across(widths if count == len(IMPORTANCE) else least) <= room:
            return _widened(least, widths, room)
    return {head: widths[head] for head in IMPORTANCE[:2]}


def _widened(least: dict[str, int], widths: dict[str, int], room: int) -> dict[str, int]:
    for head in (head for head in IMPORTANCE if head in SHORTEST and head in least):
        least[head] = min(widths[head], least[head] + room - _across(least))
    return least


def _across(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _cell(head: str, text: str, width: int) -> str:
    if len(text) <= width:
        return text.ljust(width)
    # The end of a path says more than its beginning.
    return f"…{text[-(width - 1):]}" if head == "PROJECT" else f"{text[:width - 1]}…"


def _cells(row: Row) -> dict[str, str]:
    owner = "" if row.owner == os.getuid() else f" (user {row.owner})"
    size = f"{row.size_bytes / 1e9:.2f} GB" if row.size_bytes else "-"
    cells = (row.name + owner, row.status, row.url or "-", size, plain(row.project) or "-", plain(row.verdict) or "-")
    return dict(zip(HEADS, cells, strict=True))
