"""A terminal for programs that behave otherwise on one: they ask, they draw, they show secrets."""

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

    from tests.functional.account import User

DEADLINE_S = 120


class Terminal:
    """A program of a user on a terminal of its own; `seen` is all it wrote there."""

    def __init__(
        self,
        user: User,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        out: int | None = None,
    ) -> None:
        self._master, inner = pty.openpty()
        self.process = subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            env={**user.environment(), "TERM": "xterm", **(env or {})},
            stdin=inner,
            stdout=inner if out is None else out,
            stderr=inner,
            start_new_session=True,
            **user.switch(),
        )
        os.close(inner)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until a text stands there."""
        until = time.monotonic() + DEADLINE_S
        while text not in self.seen:
            if not self._read(until):
                raise AssertionError(f"{text!r} never came; this did:\n{self.seen}")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        until = time.monotonic() + DEADLINE_S
        while self._read(until):
            pass
        return self.process.wait(timeout=DEADLINE_S)

    def _read(self, until: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0, until - time.monotonic()))
        if not ready:
            raise AssertionError(f"the program does not end; it wrote:\n{self.seen}")
        try:
            chunk = os.read(self._master, 1 << 16)
        except OSError as error:
            if error.errno == errno.EIO:  # the last one on the other side left
                return False
            raise
        self.seen += chunk.decode(errors="replace")
        return bool(chunk)
