"""Table of environments: complete in a pipe, fitted to the width of a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envkit.sanitize import escape_controls

if TYPE_CHECKING:
    from envkit.commands.status import Environments, Row

COLUMNS = ("NAME", "STATUS", "JUPYTERLAB", "IMAGE", "PROJECT", "PROVEN")
# If space is short, columns are dropped from the end; a truncated address is useless.
COLUMN_PRIORITY = ("NAME", "STATUS", "JUPYTERLAB", "PROVEN", "PROJECT", "IMAGE")
# These columns are shortened before they are dropped, down to this width.
MIN_WIDTHS = {"PROVEN": 24, "PROJECT": 12}
GAP = "  "


def format_table(result: Environments, width: int | None = None) -> str:
    """Format environments as a table, followed by the command that removes each one whose folder is gone.

    Args:
        result: Environments to list.
        width: Width of the terminal in columns, or None for no limit.
    """
    if not result.rows:
        return "no environments; start one with `envkit up` in a project folder"
    table = [dict(zip(COLUMNS, COLUMNS, strict=True)), *(_row_cells(row) for row in result.rows)]
    widths = {column: max(len(row[column]) for row in table) for column in COLUMNS}
    if width is not None:
        widths = _fit_columns(widths, width)
    lines = [
        GAP.join(_format_cell(column, row[column], widths[column]) for column in COLUMNS if column in widths)
        for row in table
    ]
    return "\n".join([*(line.rstrip() for line in lines), *(_format_hint(row) for row in result.rows if row.hint)])


def _format_hint(row: Row) -> str:
    if row.status == "damaged":
        return escape_controls(f"{row.verdict}; repair it:\n  {row.hint}")
    return (
        f"the folder of {row.name} is missing; if you moved it, run envkit up there; otherwise stop the environment, "
        f"which keeps its home:\n  {row.hint}"
    )


def _fit_columns(widths: dict[str, int], max_width: int) -> dict[str, int]:
    """Return the columns that fit, with their widths."""
    for count in range(len(COLUMN_PRIORITY), 1, -1):
        columns = COLUMN_PRIORITY[:count]
        min_widths = {column: min(widths[column], MIN_WIDTHS.get(column, widths[column])) for column in columns}
        # The least important column is not worth shortening another one.
        if _total_width(widths if count == len(COLUMN_PRIORITY) else min_widths) <= max_width:
            return _expand_columns(min_widths, widths, max_width)
    return {column: widths[column] for column in COLUMN_PRIORITY[:2]}


def _expand_columns(min_widths: dict[str, int], widths: dict[str, int], max_width: int) -> dict[str, int]:
    for column in (name for name in COLUMN_PRIORITY if name in MIN_WIDTHS and name in min_widths):
        min_widths[column] = min(widths[column], min_widths[column] + max_width - _total_width(min_widths))
    return min_widths


def _total_width(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _format_cell(column: str, text: str, width: int) -> str:
    if len(text) <= width:
        return text.ljust(width)
    # The end of a path is more specific than its beginning.
    return f"…{text[-(width - 1) :]}" if column == "PROJECT" else f"{text[: width - 1]}…"


def _row_cells(row: Row) -> dict[str, str]:
    owner_note = "" if row.owner == os.getuid() else f" (user {row.owner})"
    size = f"{row.size_bytes / 1e9:.2f} GB" if row.size_bytes else "-"
    cells = (
        escape_controls(row.name) + owner_note,
        row.status,
        row.url or "-",
        size,
        escape_controls(row.project) or "-",
        escape_controls(row.verdict) or "-",
    )
    return dict(zip(COLUMNS, cells, strict=True))
