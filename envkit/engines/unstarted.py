"""What is said in the place of a program that could not be started -> an error in words.

The engine, or the shell that goes to the caller's folder first, says so on the program's own output and with an exit
code that a program may have too, so only both together, and nothing else on the output, tell it from a program that
ran.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.errors import NoProgram, NotRunnable, PassThrough

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SAYS = b"OCI runtime exec failed"
CODES = {125, 126, 127}
LINE_BYTES_MAX = 8192
NO_FOLDER = re.compile(r"chdir to cwd|can't cd to")
MISSING = re.compile(r"not found|no such file or directory", re.IGNORECASE)
# As the engine's own setting of a working folder, it would follow a link that what runs inside put there meanwhile,
# and old runtimes let that lead out of the container (CVE-2024-21626).
GO = 'cd -- "$0" || exit 125; exec "$@"'
REASONS = (
    (re.compile(r"is a directory", re.IGNORECASE), "it is a folder"),
    (re.compile(r"permission denied", re.IGNORECASE), "it is not executable"),
    (re.compile(r"exec format error", re.IGNORECASE), "it is no program for this machine, or a script without #!"),
)


def in_folder(folder: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command that runs a program in a folder."""
    return ("/bin/sh", "-c", GO, folder, *argv)


class Output:
    """Passes a program's output on, but holds its beginning back where the program may not have started.

    Args:
        write: Gets the descriptor and what is written there.
        folder: Where a shell goes first, or empty.
    """

    def __init__(self, write: Callable[[int, bytes], None], folder: str = "") -> None:
        self._write = write
        self._shell_says = (f"{folder}: 1: ".encode(),) if folder else ()
        self._held: list[tuple[int, bytes]] = []
        self._holds = True

    def __call__(self, descriptor: int, chunk: bytes) -> None:
        """Take a piece of output."""
        self._held.append((descriptor, chunk))
        if not (self._holds and self._may_be_anothers(self._said())):
            self._holds = False
            self._pass_on()

    def end(self, code: int, program: str) -> None:
        """Pass on what was held back.

        Raises:
            PassThrough: It was not the program's: that did not start.
        """
        said = self._said()
        if code in CODES and said.startswith((SAYS, *self._shell_says)):
            raise reason(said.decode(errors="replace"), program)
        self._pass_on()

    def _may_be_anothers(self, said: bytes) -> bool:
        # One line: the engine's comes in one piece, the shell's in several.
        begins = said.startswith((SAYS, *self._shell_says)) or any(one.startswith(said) for one in self._shell_says)
        return begins and len(said) <= LINE_BYTES_MAX and b"\n" not in said.rstrip(b"\r\n")

    def _said(self) -> bytes:
        return b"".join(chunk for _, chunk in self._held)

    def _pass_on(self) -> None:
        for descriptor, chunk in self._held:
            self._write(descriptor, chunk)
        self._held = []


def reason(said: str, program: str) -> PassThrough:
    """Say in words why a program was not started."""
    if NO_FOLDER.search(said):
        return PassThrough("this folder is not in the workspace, or cannot be entered there", mend="envkit up")
    if MISSING.search(said):
        mend = "correct its name, or add what has it to envkit.yaml"
        return NoProgram(f"there is no program {program!r} in the workspace", mend=mend)
    why = next((words for pattern, words in REASONS if pattern.search(said)), " ".join(said.split()))
    mend = "make it executable, or name another"
    return NotRunnable(f"the program {program!r} in the workspace cannot be run: {why}", mend=mend)
