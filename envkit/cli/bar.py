"""A bar on stderr for what takes longer than a moment and knows how much there is of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envkit.cli.progress import is_live

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.progress import Progress
    from typing_extensions import Self

PATIENCE_S = 1.0
BETWEEN_S = 0.1


class Bar:
    """Shows how far something is, on a terminal, from the moment it takes long; leaves nothing behind."""

    def __init__(self, what: str, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.what, self.clock = what, clock
        self.live = not quiet and is_live()
        self._since = clock()
        self._drawn: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    def __call__(self, done: int, whole: Callable[[], int]) -> None:
        """Say how much is done; what counts the whole is asked only when the bar is drawn."""
        waited = self.clock() - self._since if self.live else 0.0
        if self._drawn is None and waited > PATIENCE_S:
            self._drawn = _drawing(self.what, whole())
            self._drawn.start()
        if self._drawn is not None and waited > BETWEEN_S:
            self._drawn.update(self._drawn.task_ids[0], completed=done, refresh=True)
            self._since = self.clock()

    def rest(self) -> None:
        """Wipe it, so that something else can be printed; it comes back where that takes long again."""
        if self._drawn is not None:
            self._drawn.stop()
            self._drawn = None
        self._since = self.clock()


def _drawing(what: str, whole: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    # stdout is somebody's own: redirecting it would take a report that is piped to the terminal. No thread draws:
    # processes are forked meanwhile, and a fork has the locks of threads without the threads.
    drawn = Progress(
        console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False, auto_refresh=False,
    )
    drawn.add_task(what, total=whole)
    return drawn
