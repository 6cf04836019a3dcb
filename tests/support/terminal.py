"""A pseudoterminal for programs that behave differently on one: they prompt, redraw lines and print secrets."""

from __future__ import annotations

import errno
import os
import pty
import select
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from tests.support.account import User

TIMEOUT_S = 120


class Terminal:
    """A program of a user on its own terminal; `output` is everything that it has written."""

    def __init__(
        self,
        user: User,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        out: int | None = None,
    ) -> None:
        self._controller, tty = pty.openpty()
        self.process = subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env={**user.environment(), "TERM": "xterm", **(env or {})},
            stdin=tty,
            stdout=tty if out is None else out,
            stderr=tty,
            start_new_session=True,
            **user.switch(),
        )
        os.close(tty)
        self.output = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._controller)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._controller, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until the program has written a text."""
        deadline = time.monotonic() + TIMEOUT_S
        while text not in self.output:
            if not self._read(deadline):
                raise AssertionError(f"the program did not write {text!r}; it wrote:\n{self.output}")

    def wait_for_exit(self) -> int:
        """Read until the program exits, and return its exit code."""
        deadline = time.monotonic() + TIMEOUT_S
        while self._read(deadline):
            pass
        return self.process.wait(timeout=TIMEOUT_S)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._controller], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"the program does not exit; it wrote:\n{self.output}")
        try:
            chunk = os.read(self._controller, 1 << 16)
        except OSError as error:
            if error.errno == errno.EIO:  # every process on the terminal has exited
                return False
            raise
        self.output += chunk.decode(errors="replace")
        return bool(chunk)
