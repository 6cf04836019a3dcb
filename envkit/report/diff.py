"""Unified diffs that `patch` and `git apply` read."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_PATTERN = re.compile(r"[^\n]*\n|[^\n]+")
NO_NEWLINE = "\\ No newline at end of file\n"
# Git's escapes for ambiguous file names, which `patch` reads as well.
ESCAPES = {'"': '\\"', "\\": "\\\\", **{chr(code): f"\\{code:03o}" for code in (*range(32), 127)}}


def unified(before: str, after: str, name: str) -> str:
    """Compare two texts; the diff of equal texts is empty.

    Args:
        before: Old text.
        after: New text.
        name: File name for the header, without its leading slash.
    """
    return "".join(_diff_lines(before, after, name)) if before != after else ""


def _diff_lines(before: str, after: str, name: str) -> Iterator[str]:
    old, new = LINE_PATTERN.findall(before), LINE_PATTERN.findall(after)
    path = name.lstrip("/")
    for line in difflib.unified_diff(old, new, _quote_name(f"a/{path}"), _quote_name(f"b/{path}")):
        yield line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}"


def _quote_name(name: str) -> str:
    if ESCAPES.keys() & set(name):
        return '"' + "".join(ESCAPES.get(character, character) for character in name) + '"'
    return f"{name}\t" if " " in name else name
