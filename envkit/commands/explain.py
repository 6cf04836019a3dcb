"""`explain`: name the layer, the cause and a hint for a pasted log or a saved report. Needs no engine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from envkit.checks.log import text_lines
from envkit.checks.log.explanation import Explanation, explain_lines
from envkit.checks.log.saved_report import explain_report, parse_report
from envkit.errors import ExitCode, PreconditionError
from envkit.model.report import Report
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.checks.log.explanation import Fault

STDIN = "-"
BLOCK_BYTES = 1 << 20
REPORT_BYTES_MAX = 8 << 20
TEXT_BYTES_MAX = 1 << 30
# Magic numbers of compressed files -> program that decompresses them to stdout.
COMPRESSED = {b"\x1f\x8b": "zcat", b"\xfd7zXZ\x00": "xzcat", b"BZh": "bzcat", b"\x28\xb5\x2f\xfd": "zstdcat"}


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """Explanation of a text.

    Attributes:
        source: File, or `-` for stdin.
        reason: The fault of the first layer that fails, or None.
        others: Further faults, by layer.
        harmless: Recognized lines that are never the reason.
        note: Why nothing was recognized, or that the text was not read completely; or empty.
    """

    source: str
    reason: Fault | None
    others: tuple[Fault, ...]
    harmless: tuple[Fault, ...]
    note: str = ""

    @property
    def recognized(self) -> bool:
        """Whether a fault was recognized."""
        return self.reason is not None


def explain(source: str) -> Report[ExplainResult]:
    """Explain a text or a saved JSON report.

    Args:
        source: Path of a file, or `-` for stdin.

    Raises:
        PreconditionError: The path does not exist or is not a file.
    """
    if source == STDIN:
        explanation, note = _explain_stream(sys.stdin.buffer, "-")
    else:
        path = Path(source)
        if not path.exists() or path.is_dir():
            raise PreconditionError(
                f"{single_line(source)} {'is a folder' if path.is_dir() else 'does not exist'}",
                code="path-not-found",
                hint="envkit explain FILE; or pipe a text: docker logs NAME 2>&1 | envkit explain -",
            )
        with path.open("rb") as stream:
            explanation, note = _explain_stream(stream, single_line(source))
    result = ExplainResult(source, explanation.reason, explanation.others, explanation.harmless, note)
    return Report("explain", source, result, (), ExitCode.OK if result.recognized else ExitCode.CHECK_FAILED)


def _explain_stream(stream: BinaryIO, name: str) -> tuple[Explanation, str]:
    blocks = _read_blocks(stream)
    head = next(blocks, b"")
    for magic, program in COMPRESSED.items():
        if head.startswith(magic):
            return Explanation(None), f"this file is compressed: {program} {name} | envkit explain -"
    if text_lines.is_binary(head):
        return Explanation(None), "this is a binary file, not a text"
    if not head.strip():
        return Explanation(None), "the text is empty"
    encoding = text_lines.detect_encoding(head)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        head = _read_report(head, blocks)
        if report := parse_report(head.decode(encoding, "replace")):
            return explain_report(report), ""
    explanation = explain_lines(text_lines.split_lines(chain([head], blocks), encoding))
    is_complete = not stream.read(1)
    return explanation, "" if is_complete else f"only the first {TEXT_BYTES_MAX >> 20} MiB were read"


def _read_report(head: bytes, blocks: Iterator[bytes]) -> bytes:
    """Read on while a text may be a JSON report of usual size."""
    parts, length = [head], len(head)
    while length < REPORT_BYTES_MAX and (block := next(blocks, b"")):
        parts.append(block)
        length += len(block)
    return b"".join(parts)


def _read_blocks(stream: BinaryIO) -> Iterator[bytes]:
    for _ in range(TEXT_BYTES_MAX // BLOCK_BYTES):
        block = stream.read(BLOCK_BYTES)
        if not block:
            return
        yield block
