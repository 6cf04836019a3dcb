"""A running envkit process: wait for a stage of its progress, then for its exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.account import CommandResult

if TYPE_CHECKING:
    import subprocess


def wait_for_stage(process: subprocess.Popen[str], stage: str) -> None:
    """Read the progress until a stage is reported."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if f"] {stage}: " in line:
            return
    raise AssertionError(f"the stage {stage} was not reported: {''.join(lines)}")


def wait_for_exit(process: subprocess.Popen[str]) -> CommandResult:
    """Wait until envkit exits, and return its result."""
    out, err = process.communicate(timeout=60)
    return CommandResult(("envkit",), process.returncode, out, err)
