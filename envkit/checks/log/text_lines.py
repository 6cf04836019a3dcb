"""Decode the blocks of a file into numbered lines of bounded length."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE_LENGTH = 8_192  # characters; longer lines are split
OVERLAP = 512  # characters that a part of a split line shares with the next one
_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]{0,40}[ -/]{0,10}[@-~]|\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)?|[@-Z\\^_])", re.ASCII
)
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def is_binary(head: bytes) -> bool:
    """Return whether the beginning of a file shows that it is no text."""
    return detect_encoding(head) == "utf-8" and b"\x00" in head


def detect_encoding(head: bytes) -> str:
    """Return the encoding of a text. PowerShell redirects output as UTF-16."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    sample = head[:512]
    if len(sample) >= 8 and sample[1::2].count(0) > len(sample) * 0.4 and 0 not in sample[::2]:
        return "utf-16-le"
    return "utf-8"


def split_lines(blocks: Iterable[bytes], encoding: str) -> Iterator[tuple[int, str]]:
    """Decode blocks into lines without escape sequences, each with its number; undecodable bytes are replaced."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    number, rest = 1, ""
    for block in blocks:
        *lines, rest = (rest + decoder.decode(block)).split("\n")
        for line in lines:
            yield from ((number, part) for part in _split_long(line))
            number += 1
        while len(rest) > LINE_LENGTH:
            yield number, _clean(rest[:LINE_LENGTH])
            rest = rest[LINE_LENGTH - OVERLAP :]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield from ((number, part) for part in _split_long(rest))


def _split_long(line: str) -> Iterator[str]:
    line = _clean(line)
    yield line[:LINE_LENGTH]
    for start in range(LINE_LENGTH - OVERLAP, len(line) - OVERLAP, LINE_LENGTH - OVERLAP):
        yield line[start : start + LINE_LENGTH]


def _clean(line: str) -> str:
    """Remove escape sequences, byte order marks and the returns of progress bars."""
    if line.isascii() and line.isprintable():
        return line
    return _ESCAPE_SEQUENCE.sub("", line).rstrip("\r").replace("\r", " ").replace("\ufeff", "").replace("\x00", "")
