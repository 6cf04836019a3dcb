"""Recognize a program that could not be started, and describe the reason.

The engine, or the shell that changes the working folder first, reports the failure in the program's output and with
an exit code that a program may use, too. So a program counts as not started only if both match and there is no other
output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.errors import CommandNotExecutable, CommandNotFound, ExecError, workspace_replaced_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RUNTIME_ERROR_PREFIX = b"OCI runtime exec failed"
START_FAILURE_CODES = {125, 126, 127}
LINE_BYTES_MAX = 8192
FOLDER_ERROR = re.compile(r"chdir to cwd|can't cd to")
# The working folder is the workspace, and was deleted on the host while the container kept running.
FOLDER_DELETED = re.compile(r"current working directory is outside of container mount namespace|breakout detected")
NOT_FOUND = re.compile(r"not found|no such file or directory", re.IGNORECASE)
# The engine's own working-folder setting would follow a symlink that container code may have created, and old runtimes
# let that leave the container (CVE-2024-21626).
CHDIR_SCRIPT = 'cd -- "$0" || exit 125; exec "$@"'
REASONS = (
    (re.compile(r"is a directory", re.IGNORECASE), "it is a folder"),
    (re.compile(r"permission denied", re.IGNORECASE), "it is not executable"),
    (
        re.compile(r"exec format error", re.IGNORECASE),
        "it is a program for another architecture, or a script without #!",
    ),
)


def command_in_folder(folder: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command that runs a program in a folder."""
    return ("/bin/sh", "-c", CHDIR_SCRIPT, folder, *argv)


class OutputBuffer:
    """Forwards a program's output, but buffers its beginning while it may be the error of a failed start.

    Args:
        write: Callback for the file descriptor and the output.
        folder: Working folder that a shell changes to first, or empty.
    """

    def __init__(self, write: Callable[[int, bytes], None], folder: str = "") -> None:
        self._write = write
        self._shell_prefixes = (f"{folder}: 1: ".encode(),) if folder else ()
        self._chunks: list[tuple[int, bytes]] = []
        self._buffering = True

    def __call__(self, descriptor: int, chunk: bytes) -> None:
        """Accept a chunk of output."""
        self._chunks.append((descriptor, chunk))
        if not (self._buffering and self._may_be_error(self._buffered_output())):
            self._buffering = False
            self._flush()

    def end(self, code: int, program: str) -> None:
        """Flush the buffer after the program exited.

        Raises:
            ExecError: The output is the error of a failed start.
        """
        output = self._buffered_output()
        if code in START_FAILURE_CODES and output.startswith((RUNTIME_ERROR_PREFIX, *self._shell_prefixes)):
            raise start_error(output.decode(errors="replace"), program)
        self._flush()

    def _may_be_error(self, output: bytes) -> bool:
        # The error is one line: one chunk from the engine, several from the shell.
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
    """Return the error for a program that was not started."""
    if FOLDER_DELETED.search(output):
        return workspace_replaced_error()
    if FOLDER_ERROR.search(output):
        return ExecError(
            "this folder does not exist in the workspace, or cannot be entered there",
            code="workdir-not-found",
            hint="envkit up",
        )
    if NOT_FOUND.search(output):
        return CommandNotFound(
            f"the program {program!r} does not exist in the workspace",
            code="command-not-found",
            hint="correct its name, or add its package to envkit.yaml",
        )
    reason = next((description for pattern, description in REASONS if pattern.search(output)), " ".join(output.split()))
    return CommandNotExecutable(
        f"the program {program!r} in the workspace cannot be executed: {reason}",
        code="command-not-executable",
        hint="make it executable, or choose another program",
    )
