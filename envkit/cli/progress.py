"""Progress on stderr: one live line on a terminal, plain lines in a pipe or under CI, nothing when quiet."""

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
    from rich.live import Live
    from rich.text import Text
    from typing_extensions import Self

    from envkit.model.report import Progress

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_S = 10


def is_live() -> bool:
    """Say whether somebody looks at a terminal on which a line can be drawn anew."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


class Teller:
    """Tells progress until it is left; what it showed live is wiped, what it printed stays."""

    def __init__(self, *, quiet: bool, verbose: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.verbose, self.clock = quiet, verbose, clock
        self.live = is_live()
        self.started = clock()
        self._console: Console | None = None
        self._drawing: Live | None = None
        self._shown: tuple[Progress, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    def __call__(self, news: Progress) -> None:
        """Tell one piece of news."""
        # A step that was over at once flickers by in the live line, and is no line of its own.
        passing = self.live and news.step is not None
        if self.quiet or (news.detail and not self.verbose and not passing):
            return
        if not self.live:
            self._write(f"[{self.clock() - self.started:6.1f}s] {plain_line(news)}\n")
        elif self.verbose or news.done:
            style = "dim" if news.detail else ""
            self._rich().print(plain_line(news), markup=False, highlight=False, style=style)
        else:
            self._draw(news)

    def rest(self) -> None:
        """Wipe the live line, so that something else can be printed or asked."""
        if self._drawing is not None:
            self._drawing.stop()
            self._drawing = None

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except BrokenPipeError:
            self.quiet = True  # nobody reads the news any more; the work goes on

    def _draw(self, news: Progress) -> None:
        from rich.live import Live

        self._shown = (news, self.clock())
        if self._drawing is None:
            self._drawing = Live(
                console=self._rich(), get_renderable=self._drawn, refresh_per_second=FRAMES_PER_S, transient=True
            )
            self._drawing.start()

    def _drawn(self) -> Text:
        from rich.text import Text

        if self._shown is None:
            return Text()
        news, since = self._shown
        seconds = self.clock() - since
        frame = FRAMES[int(seconds * FRAMES_PER_S) % len(FRAMES)]
        shown = Text.assemble((frame, "green"), " ", live_line(news, seconds, self._rich().width - 3))
        shown.no_wrap, shown.overflow = True, "ellipsis"
        return shown

    def _rich(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True)
        return self._console


def plain_line(news: Progress) -> str:
    """Return news as a line of its own, safe to show: builds and containers print what they like."""
    step = f"step {news.step[0]} of {news.step[1]}: " if news.step else ""
    return line(f"{news.stage}: {step}{news.text}")


def live_line(news: Progress, seconds: float, width: int) -> str:
    """Return what goes on and since when, no wider than that: the words are cut, the time never."""
    head = f"{news.stage} {news.step[0]}/{news.step[1]}" if news.step else news.stage
    time_ = f" · {seconds:.0f} s" if seconds < 60 else f" · {seconds // 60:.0f} min {seconds % 60:.0f} s"
    return line(f"{head} · {news.text}", max(width - len(time_), 1)) + time_
