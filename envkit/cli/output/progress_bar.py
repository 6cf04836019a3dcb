"""Progress bar on stderr for slow work of known size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envkit.cli.output.progress import is_interactive

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress
    from typing_extensions import Self

START_DELAY_S = 1.0
UPDATE_INTERVAL_S = 0.1


class ProgressBar:
    """Shows progress on a terminal once the work takes long; clears itself on exit."""

    def __init__(self, label: str, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.label, self.clock = label, clock
        self.live = not quiet and is_interactive()
        self._last_update = clock()
        self._display: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __call__(self, completed: int, count_total: Callable[[], int]) -> None:
        """Update the bar.

        Args:
            completed: Number of completed items.
            count_total: Counter of all items, called only when the bar is first drawn.
        """
        elapsed_s = self.clock() - self._last_update if self.live else 0.0
        if self._display is None and elapsed_s > START_DELAY_S:
            self._display = _create_display(self.label, count_total())
            self._display.start()
        if self._display is not None and elapsed_s > UPDATE_INTERVAL_S:
            self._display.update(self._display.task_ids[0], completed=completed, refresh=True)
            self._last_update = self.clock()

    def clear(self) -> None:
        """Clear the bar before other output; it reappears if the work takes long again."""
        if self._display is not None:
            self._display.stop()
            self._display = None
        self._last_update = self.clock()


def _create_display(label: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    # Redirecting stdout would send a piped report to the terminal. No refresh thread: processes are forked meanwhile,
    # and a fork copies the locks of threads without the threads.
    display = Progress(
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        auto_refresh=False,
    )
    display.add_task(label, total=total)
    return display
