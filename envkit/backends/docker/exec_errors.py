"""What is said in the place of a program that could not be started -> an error in words.

The engine, or the shell that goes to the caller's folder first, says so on the program's own output and with an exit
code that a program may have too, so only both together, and nothing else on the output, tell it from a program that
ran.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.errors import CommandNotExecutable, CommandNotFound, ExecError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNTIME_ERROR_PREFIX = b"OCI runtime exec failed"
START_FAILURE_CODES = {125, 126, 127}
LINE_BYTES_MAX = 8192
FOLDER_ERROR = re.compile(r"chdir to cwd|can't cd to")
NOT_FOUND = re.compile(r"not found|no such file or directory", re.IGNORECASE)
# As the engine's own setting of a working folder, it would follow a link that what runs inside put there meanwhile,
# and old runtimes let that lead out of the container (CVE-2024-21626).
CHDIR_SCRIPT = 'cd -- "$0" || exit 125; exec "$@"'
REASONS = (
    (re.compile(r"is a directory", re.IGNORECASE), "it is a folder"),
    (re.compile(r"permission denied", re.IGNORECASE), "it is not executable"),
    (re.compile(r"exec format error", re.IGNORECASE), "it is no program for this machine, or a script without #!"),
)


def command_in_folder(folder: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command that runs a program in a folder."""
    return ("/bin/sh", "-c", CHDIR_SCRIPT, folder, *argv)


class OutputBuffer:
    """Passes a program's output on, but holds its beginning back where the program may not have started.

    Args:
        write: Gets the descriptor and what is written there.
        folder: Where a shell goes first, or empty.
    """

    def __init__(self, write: Callable[[int, bytes], None], folder: str = "") -> None:
        self._write = write
        self._shell_prefixes = (f"{folder}: 1: ".encode(),) if folder else ()
        self._chunks: list[tuple[int, bytes]] = []
        self._buffering = True

    def __call__(self, descriptor: int, chunk: bytes) -> None:
        """Take a piece of output."""
        self._chunks.append((descriptor, chunk))
        if not (self._buffering and self._may_be_error(self._buffered_output())):
            self._buffering = False
            self._flush()

    def end(self, code: int, program: str) -> None:
        """Pass on what was held back.

        Raises:
            PassThrough: It was not the program's: that did not start.
        """
        output = self._buffered_output()
        if code in START_FAILURE_CODES and output.startswith((RUNTIME_ERROR_PREFIX, *self._shell_prefixes)):
            raise start_error(output.decode(errors="replace"), program)
        self._flush()

    def _may_be_error(self, output: bytes) -> bool:
        # One line: the engine's comes in one piece, the shell's in several.
        has_prefix = output.startswith((RUNTIME_ERROR_PREFIX, *self._shell_prefixes)) or any(
            prefix.startswith(output) for prefix in self._shell_prefixes
        )
        return has_prefix and len(output) <= LINE_BYTES_MAX and b"\n" not in output.rstrip(b"\r\n")

    def _buffered_output(self) -> bytes:
        return b"".join(chunk for _, chunk in self._chunks)

    def _flush(self) -> None:
        for descriptor, chunk in self._chunks:
            self._write(descriptor, chunk)
        self._chunks = []


def start_error(output: str, program: str) -> ExecError:
    """Say in words why a program was not started."""
    if FOLDER_ERROR.search(output):
        return ExecError("this folder is not in the workspace, or cannot be entered there", hint="envkit up")
    if NOT_FOUND.search(output):
        hint = "correct its name, or add what has it to envkit.yaml"
        return CommandNotFound(f"there is no program {program!r} in the workspace", hint=hint)
    reason = next((description for pattern, description in REASONS if pattern.search(output)), " ".join(output.split()))
    hint = "make it executable, or name another"
    return CommandNotExecutable(f"the program {program!r} in the workspace cannot be run: {reason}", hint=hint)
