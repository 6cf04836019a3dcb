r"""New text into the old JSON literals: what did not change keeps its very characters, escapes included.

A notebook's `source` is one literal, or an array of them, mostly one a line. A literal is taken apart into pieces,
one for each character that it stands for, such as `a`, `\n` and `\u00e9`, so that only what changes is written anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envkit.migrate.spans import Node

PIECE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
NEWLINES = {"\\n", "\\u000a", "\\u000A"}
BEYOND_ASCII = re.compile(r"\\u(?!00[0-7])")
LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what stands from `start` to `end` becomes `text`."""

    start: int
    end: int
    text: str


def edits(before: str, after: str) -> list[Edit]:
    """Return what makes one text of the other, line by line and no wider than needed."""
    old, new = LINE.findall(before), LINE.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    at = sum(map(len, old[:head]))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    found: list[Edit] = []
    for kind, i, j, k, l in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():  # noqa: E741
        blocks = [(old[i:j], new[k:l])]
        if j - i == l - k:
            blocks = [([one], [other]) for one, other in zip(old[i:j], new[k:l], strict=True)]
        for gone, come in blocks:
            if kind != "equal":
                found.append(_narrow(at, "".join(gone), "".join(come)))
            at += sum(map(len, gone))
    return found


def spliced(text: str, node: Node, before: str, after: str, between: str) -> str:
    """Return the JSON of a `source` whose text is to be another one.

    Args:
        text: The whole JSON text.
        node: Of the source in it.
        before: What it stands for.
        after: What it is to stand for.
        between: What parts elements where the source itself has fewer than two.
    """
    changes = edits(before, after)
    if not node.elements():
        literal = text[node.start : node.end] if node.text() is not None else '""'
        made = _literal(_changed(_pieces(literal), changes, 0, _encoder(text, literal), last=True))
        return made if node.text() is not None else f"[{made}]"
    return _array(text, node, changes, between)


def separator(text: str, node: Node) -> str | None:
    """Return what parts the elements of an array, or None where it has fewer than two."""
    elements = node.elements()
    return text[elements[0].end : elements[1].start] if len(elements) > 1 else None


def _array(text: str, node: Node, changes: Sequence[Edit], between: str) -> str:
    elements, at = node.elements(), 0
    a_line_each = all(_is_line(one) for one in elements[:-1])
    written = [text[node.start : elements[0].start]]
    parted = separator(text, node)
    if parted is None:
        lead = written[0][1:]
        parted = f",{lead}" if lead else between
    any_yet, rest = False, list[str]()
    for number, element in enumerate(elements):
        length, last = len(element.value or ""), number == len(elements) - 1
        raw = text[element.start : element.end]
        pieces = rest + _changed(_pieces(raw), changes, at, _encoder(text, raw), last=last)
        before = text[elements[number - 1].end : element.start] if number else ""
        literals = list(_lines(pieces)) if a_line_each else [pieces]
        # An edit may reach from one line into the next, and the two are one then.
        rest = literals.pop() if a_line_each and not last and literals and literals[-1][-1] not in NEWLINES else []
        for literal in literals:
            written += [(before or parted) if any_yet else "", _literal(literal)]
            before, any_yet = "", True
        at += length
    return "".join([*written, text[elements[-1].end : node.end]])


def _is_line(element: Node) -> bool:
    text = element.text() or ""
    return text.endswith("\n") and text.count("\n") == 1


def _pieces(literal: str) -> list[str]:
    return PIECE.findall(literal[1:-1])


def _literal(pieces: Sequence[str]) -> str:
    return '"' + "".join(pieces) + '"'


def _changed(
    pieces: list[str], changes: Sequence[Edit], at: int, encode: Callable[[str], str], *, last: bool
) -> list[str]:
    """Return a literal's pieces after the edits that concern it; its first character is number `at` of the text."""
    end, done = at + len(pieces), 0
    made: list[str] = []
    for one in changes:
        owned = at <= one.start < end or (last and one.start == end)
        start, stop = max(one.start, at), min(one.end, end)
        if owned or start < stop:
            made += pieces[done : start - at]
            made += PIECE.findall(encode(one.text)) if owned else ()
            done = stop - at
    return made + pieces[done:]


def _lines(pieces: Sequence[str]) -> Iterator[list[str]]:
    line: list[str] = []
    for piece in pieces:
        line.append(piece)
        if piece in NEWLINES:
            yield line
            line = []
    if line:
        yield line


def _encoder(text: str, literal: str) -> Callable[[str], str]:
    """Return how characters are written as this literal writes its own, or the file where the literal does not tell."""
    as_ascii = literal.isascii() and (text.isascii() or BEYOND_ASCII.search(literal) is not None)
    return lambda new: json.dumps(new, ensure_ascii=as_ascii)[1:-1]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count


def _narrow(at: int, old: str, new: str) -> Edit:
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    return Edit(at + head, at + len(old) - tail, new[head : len(new) - tail])
