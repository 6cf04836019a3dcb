"""A signal that asks envkit to end becomes an exception, as Ctrl-C is one: what was begun is left in order."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from envkit.errors import Ended, Exit

if TYPE_CHECKING:
    from types import FrameType

CODES = {signal.SIGHUP: Exit.HUNG_UP, signal.SIGTERM: Exit.TERMINATED}
NUDGE = signal.SIGURG  # means nothing to anybody else: who hears it just looks up
NUDGES, PAUSE_S = 20, 0.05


def become_exceptions() -> None:
    """Let these signals raise `Ended` in the main thread; one that is ignored, as under `nohup`, stays ignored."""
    for number in CODES:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)
    _wake_main()


def _wake_main() -> None:
    """Have the main thread look up whenever a signal came, whichever thread the system handed it to.

    Python acts on a signal in the main thread alone, and the system may give it to another one, such as one that has
    just started a program: then the main thread would go on waiting for the engine until its patience ends. The same
    befalls a signal that comes in the moment before a wait begins, so it is nudged more than once.
    """
    signal.signal(NUDGE, _pass)
    heard, tells = os.pipe()
    os.set_blocking(tells, False)
    signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    main = threading.get_ident()

    def wake() -> None:
        while numbers := os.read(heard, 64):
            if set(numbers) - {NUDGE}:
                for _ in range(NUDGES):
                    signal.pthread_kill(main, NUDGE)
                    time.sleep(PAUSE_S)

    threading.Thread(target=wake, daemon=True).start()


def _raise(number: int, _frame: FrameType | None) -> None:
    # A terminal that closes may send both, and a cancelled job one after the other: nothing cuts off the clearing up.
    for one in CODES:
        signal.signal(one, _pass)  # ignored, it would stay so in programs that are started
    raise Ended(CODES[signal.Signals(number)])


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Hear a signal, and go on."""
