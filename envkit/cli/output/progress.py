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
    """Check whether stderr is a terminal that can redraw a line."""
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


class ProgressPrinter:
    """Prints progress to stderr; on exit, clears the live line and keeps printed lines."""

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
        """Print one progress event."""
        # A short step appears only in the live line.
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
        """Clear the live line before other output or a prompt."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except BrokenPipeError:
            self.quiet = True  # the reader is gone; the work continues

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
    """Format progress as one line without control characters of builds and containers."""
    step = f"step {progress.step[0]} of {progress.step[1]}: " if progress.step else ""
    return single_line(f"{progress.stage}: {step}{progress.text}")


def format_live_line(progress: Progress, seconds: float, width: int) -> str:
    """Format progress with its elapsed time; cut the text, but never the time.

    Args:
        progress: Progress event.
        seconds: Elapsed time, in seconds.
        width: Maximum width, in columns.
    """
    head = f"{progress.stage} {progress.step[0]}/{progress.step[1]}" if progress.step else progress.stage
    elapsed = f" · {seconds:.0f} s" if seconds < 60 else f" · {seconds // 60:.0f} min {seconds % 60:.0f} s"
    return single_line(f"{head} · {progress.text}", max(width - len(elapsed), 1)) + elapsed
