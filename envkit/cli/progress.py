"""Progress on stderr: live on a terminal, plain lines in a pipe or under CI, nothing when quiet."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.console import Console
    from rich.status import Status
    from typing_extensions import Self

    from envkit.model.report import Progress


class Teller:
    """Tells progress until it is left; what it showed live is wiped, what it printed stays."""

    def __init__(self, *, quiet: bool, verbose: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.verbose, self.clock = quiet, verbose, clock
        self.live = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
        self.started = clock()
        self._console: Console | None = None
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    def __call__(self, news: Progress) -> None:
        """Tell one piece of news."""
        if self.quiet or (news.detail and not self.verbose and not self.live):
            return
        text = line(f"{news.stage}: {news.text}")  # builds and containers print what they like
        if not self.live:
            self._write(f"[{self.clock() - self.started:6.1f}s] {text}\n")
        elif self.verbose or news.done:
            self._rich().print(text, markup=False, highlight=False, style="dim" if news.detail else "")
        else:
            self._spin(text)

    def rest(self) -> None:
        """Wipe the live line, so that something else can be printed or asked."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except BrokenPipeError:
            self.quiet = True  # nobody reads the news any more; the work goes on

    def _spin(self, text: str) -> None:
        from rich.text import Text

        shown = Text(text, overflow="ellipsis", no_wrap=True)
        if self._status is None:
            self._status = self._rich().status(shown)
            self._status.start()
        else:
            self._status.update(shown)

    def _rich(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True)
        return self._console
