"""A bar on stderr for what takes longer than a moment and knows how much there is of it."""

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
    """Shows how far something is, on a terminal, from the moment it takes long; leaves nothing behind."""

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
        """Say how much is done; what counts the whole is asked only when the bar is drawn."""
        elapsed_s = self.clock() - self._last_update if self.live else 0.0
        if self._display is None and elapsed_s > START_DELAY_S:
            self._display = _create_display(self.label, count_total())
            self._display.start()
        if self._display is not None and elapsed_s > UPDATE_INTERVAL_S:
            self._display.update(self._display.task_ids[0], completed=completed, refresh=True)
            self._last_update = self.clock()

    def clear(self) -> None:
        """Wipe it, so that something else can be printed; it comes back where that takes long again."""
        if self._display is not None:
            self._display.stop()
            self._display = None
        self._last_update = self.clock()


def _create_display(label: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    # stdout is somebody's own: redirecting it would take a report that is piped to the terminal. No thread draws:
    # processes are forked meanwhile, and a fork has the locks of threads without the threads.
    display = Progress(
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        auto_refresh=False,
    )
    display.add_task(label, total=total)
    return display
