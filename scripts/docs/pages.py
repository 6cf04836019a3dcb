"""Shared parts of the generators of docs/reference/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


class Row(Protocol):
    """Row of a table whose ids have the form `topic/name`, such as `gpu/driver-missing`."""

    @property
    def id(self) -> str:
        """Stable id, `topic/name`."""


T = TypeVar("T", bound=Row)


def by_topic(rows: Iterable[T]) -> dict[str, list[T]]:
    """Group rows by topic, both in table order."""
    topics: dict[str, list[T]] = {}
    for row in rows:
        topics.setdefault(row.id.split("/")[0], []).append(row)
    return topics


def link(row: Row) -> str:
    """Build a link to the section of a row."""
    return f"[`{row.id}`](#{row.id.replace('/', '')})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Build a Markdown table."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ["---"] * len(header), *rows))


def cell(text: str) -> str:
    """Escape text for a table cell."""
    return text.replace("|", r"\|")
