r"""Replace text in JSON literals and keep the exact encoding of unchanged characters, including escapes.

The `source` of a notebook cell is one literal or an array of literals, usually one per line. A literal is split into
pieces, one per decoded character, such as `a`, `\n` and `\u00e9`, so that only changed characters are encoded again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envkit.migrate.notebook.json_positions import Node

PIECE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)
NEWLINES = {"\\n", "\\u000a", "\\u000A"}
BEYOND_ASCII = re.compile(r"\\u(?!00[0-7])")
LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replacement of the range `start` to `end` by `text`."""

    start: int
    end: int
    text: str


def edits(before: str, after: str) -> list[Edit]:
    """Compute the edits from one text to the other, line by line and as small as possible."""
    old, new = LINE.findall(before), LINE.findall(after)
    head = _common_prefix(old, new)
    tail = _common_prefix(old[head:][::-1], new[head:][::-1])
    offset = sum(map(len, old[:head]))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    result: list[Edit] = []
    for tag, i, j, k, l in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():  # noqa: E741
        blocks = [(old[i:j], new[k:l])]
        if j - i == l - k:
            blocks = [([old_line], [new_line]) for old_line, new_line in zip(old[i:j], new[k:l], strict=True)]
        for old_block, new_block in blocks:
            if tag != "equal":
                result.append(_narrow(offset, "".join(old_block), "".join(new_block)))
            offset += sum(map(len, old_block))
    return result


def replace_source(text: str, node: Node, before: str, after: str, default_separator: str) -> str:
    """Return the JSON of a `source` with new text.

    Args:
        text: Whole JSON text.
        node: Node of the source.
        before: Decoded old source.
        after: Decoded new source.
        default_separator: Separator of elements for a source with fewer than two elements.
    """
    changes = edits(before, after)
    if not node.elements():
        literal = text[node.start : node.end] if node.text() is not None else '""'
        new_literal = _literal(_apply_edits(_pieces(literal), changes, 0, _make_encoder(text, literal), is_last=True))
        return new_literal if node.text() is not None else f"[{new_literal}]"
    return _replace_array(text, node, changes, default_separator)


def separator(text: str, node: Node) -> str | None:
    """Return the separator of an array's elements, or None if it has fewer than two."""
    elements = node.elements()
    return text[elements[0].end : elements[1].start] if len(elements) > 1 else None


def _replace_array(text: str, node: Node, changes: Sequence[Edit], default_separator: str) -> str:
    elements, offset = node.elements(), 0
    one_per_line = all(_is_line(element) for element in elements[:-1])
    output = [text[node.start : elements[0].start]]
    delimiter = separator(text, node)
    if delimiter is None:
        lead = output[0][1:]
        delimiter = f",{lead}" if lead else default_separator
    has_output, rest = False, list[str]()
    for index, element in enumerate(elements):
        length, is_last = len(element.value or ""), index == len(elements) - 1
        raw = text[element.start : element.end]
        pieces = rest + _apply_edits(_pieces(raw), changes, offset, _make_encoder(text, raw), is_last=is_last)
        gap = text[elements[index - 1].end : element.start] if index else ""
        literals = list(_split_lines(pieces)) if one_per_line else [pieces]
        # An edit may join one line with the next.
        rest = literals.pop() if one_per_line and not is_last and literals and literals[-1][-1] not in NEWLINES else []
        for literal in literals:
            output += [(gap or delimiter) if has_output else "", _literal(literal)]
            gap, has_output = "", True
        offset += length
    return "".join([*output, text[elements[-1].end : node.end]])


def _is_line(element: Node) -> bool:
    text = element.text() or ""
    return text.endswith("\n") and text.count("\n") == 1


def _pieces(literal: str) -> list[str]:
    return PIECE.findall(literal[1:-1])


def _literal(pieces: Sequence[str]) -> str:
    return '"' + "".join(pieces) + '"'


def _apply_edits(
    pieces: list[str], changes: Sequence[Edit], start_offset: int, encode: Callable[[str], str], *, is_last: bool
) -> list[str]:
    """Apply edits to the pieces of a literal that starts at `start_offset` of the decoded source."""
    end_offset, position = start_offset + len(pieces), 0
    result: list[str] = []
    for change in changes:
        is_owner = start_offset <= change.start < end_offset or (is_last and change.start == end_offset)
        start, stop = max(change.start, start_offset), min(change.end, end_offset)
        if is_owner or start < stop:
            result += pieces[position : start - start_offset]
            result += PIECE.findall(encode(change.text)) if is_owner else ()
            position = stop - start_offset
    return result + pieces[position:]


def _split_lines(pieces: Sequence[str]) -> Iterator[list[str]]:
    line: list[str] = []
    for piece in pieces:
        line.append(piece)
        if piece in NEWLINES:
            yield line
            line = []
    if line:
        yield line


def _make_encoder(text: str, literal: str) -> Callable[[str], str]:
    """Return an encoder that escapes like the literal, or like the file if the literal is pure ASCII."""
    as_ascii = literal.isascii() and (text.isascii() or BEYOND_ASCII.search(literal) is not None)
    return lambda new: json.dumps(new, ensure_ascii=as_ascii)[1:-1]


def _common_prefix(old: Sequence[str], new: Sequence[str]) -> int:
    count = 0
    for old_item, new_item in zip(old, new, strict=False):
        if old_item != new_item:
            break
        count += 1
    return count


def _narrow(offset: int, old: str, new: str) -> Edit:
    head = _common_prefix(old, new)
    tail = _common_prefix(old[head:][::-1], new[head:][::-1])
    return Edit(offset + head, offset + len(old) - tail, new[head : len(new) - tail])
