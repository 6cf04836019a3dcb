"""envkit while it runs: read its progress, then let it end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.functional.account import Ran

if TYPE_CHECKING:
    import subprocess


def told_stage(process: subprocess.Popen[str], stage: str) -> None:
    """Read progress until a stage is told."""
    assert process.stderr is not None
    said = []
    for text in process.stderr:
        said.append(text)
        if f"] {stage}: " in text:
            return
    raise AssertionError(f"{stage} was never told: {''.join(said)}")


def ended(process: subprocess.Popen[str]) -> Ran:
    """Wait for envkit to end."""
    out, err = process.communicate(timeout=60)
    return Ran(("envkit",), process.returncode, out, err)
