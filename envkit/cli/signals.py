"""A signal that asks envkit to end becomes an exception, as Ctrl-C is one: what was begun is left in order."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from envkit.errors import Ended, Exit

if TYPE_CHECKING:
    from types import FrameType

CODES = {signal.SIGHUP: Exit.HUNG_UP, signal.SIGTERM: Exit.TERMINATED}


def become_exceptions() -> None:
    """Let these signals raise `Ended` in the main thread; one that is ignored, as under `nohup`, stays ignored."""
    for number in CODES:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> None:
    # A terminal that closes may send both, and a cancelled job one after the other: nothing cuts off the clearing up.
    for one in CODES:
        signal.signal(one, _pass)  # ignored, it would stay so in programs that are started
    raise Ended(CODES[signal.Signals(number)])


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Hear a signal that came before."""
