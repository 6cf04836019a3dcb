"""Progress on stderr: one live line on a terminal, plain lines in a pipe or under CI, nothing when quiet."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from envkit.sanitize import single_line

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


def is_interactive() -> bool:
    """Say whether somebody looks at a terminal on which a line can be drawn anew."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


class ProgressPrinter:
    """Tells progress until it is left; what it showed live is wiped, what it printed stays."""

    def __init__(self, *, quiet: bool, verbose: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.verbose, self.clock = quiet, verbose, clock
        self.live = is_interactive()
        self.start_time = clock()
        self._console: Console | None = None
        self._live: Live | None = None
        self._current: tuple[Progress, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __call__(self, progress: Progress) -> None:
        """Tell one piece of news."""
        # A step that was over at once flickers by in the live line, and is no line of its own.
        is_transient = self.live and progress.step is not None
        if self.quiet or (progress.verbose and not self.verbose and not is_transient):
            return
        if not self.live:
            self._write(f"[{self.clock() - self.start_time:6.1f}s] {format_line(progress)}\n")
        elif self.verbose or progress.finished:
            style = "dim" if progress.verbose else ""
            self._get_console().print(format_line(progress), markup=False, highlight=False, style=style)
        else:
            self._show_live(progress)

    def clear(self) -> None:
        """Wipe the live line, so that something else can be printed or asked."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except BrokenPipeError:
            self.quiet = True  # nobody reads the news any more; the work goes on

    def _show_live(self, progress: Progress) -> None:
        from rich.live import Live

        self._current = (progress, self.clock())
        if self._live is None:
            self._live = Live(
                console=self._get_console(),
                get_renderable=self._render_live,
                refresh_per_second=FRAMES_PER_S,
                transient=True,
            )
            self._live.start()

    def _render_live(self) -> Text:
        from rich.text import Text

        if self._current is None:
            return Text()
        progress, start_time = self._current
        seconds = self.clock() - start_time
        frame = FRAMES[int(seconds * FRAMES_PER_S) % len(FRAMES)]
        text = Text.assemble((frame, "green"), " ", format_live_line(progress, seconds, self._get_console().width - 3))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _get_console(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True)
        return self._console


def format_line(progress: Progress) -> str:
    """Return news as a line of its own, safe to show: builds and containers print what they like."""
    step = f"step {progress.step[0]} of {progress.step[1]}: " if progress.step else ""
    return single_line(f"{progress.stage}: {step}{progress.text}")


def format_live_line(progress: Progress, seconds: float, width: int) -> str:
    """Return what goes on and since when, no wider than that: the words are cut, the time never."""
    head = f"{progress.stage} {progress.step[0]}/{progress.step[1]}" if progress.step else progress.stage
    elapsed = f" · {seconds:.0f} s" if seconds < 60 else f" · {seconds // 60:.0f} min {seconds % 60:.0f} s"
    return single_line(f"{head} · {progress.text}", max(width - len(elapsed), 1)) + elapsed
