"""What pages share that are made from a table of rows with ids, such as `gpu/driver-missing`: a topic, and the rest."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Row(Protocol):
    """One row of such a table."""

    @property
    def id(self) -> str:
        """Return its id."""


T = TypeVar("T", bound=Row)


def by_topic(rows: Iterable[T]) -> dict[str, list[T]]:
    """Return rows by their topics, both in the order of the table."""
    topics: dict[str, list[T]] = {}
    for row in rows:
        topics.setdefault(row.id.split("/")[0], []).append(row)
    return topics


def link(row: Row) -> str:
    """Return a link to a row's own section."""
    return f"[`{row.id}`](#{row.id.replace('/', '')})"


def write(page: Path, text: str) -> None:
    """Write a page, and say so."""
    page.write_text(text, "utf-8")
    sys.stdout.write(f"{page.name} written\n")
