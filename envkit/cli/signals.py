"""A signal that asks envkit to end becomes an exception, as Ctrl-C is one: what was begun is left in order."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from envkit.errors import ExitCode, TerminatedBySignal

if TYPE_CHECKING:
    from types import FrameType

EXIT_CODES = {signal.SIGHUP: ExitCode.HANGUP, signal.SIGTERM: ExitCode.TERMINATED}
WAKE_SIGNAL = signal.SIGURG  # means nothing to anybody else: who hears it just looks up
WAKE_COUNT, WAKE_PAUSE_S = 20, 0.05


def install_handlers() -> None:
    """Let these signals raise `Ended` in the main thread; one that is ignored, as under `nohup`, stays ignored."""
    for number in EXIT_CODES:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)
    _install_wakeup()


def _install_wakeup() -> None:
    """Have the main thread look up whenever a signal came, whichever thread the system handed it to.

    Python acts on a signal in the main thread alone, and the system may give it to another one, such as one that has
    just started a program: then the main thread would go on waiting for the engine until its patience ends. The same
    befalls a signal that comes in the moment before a wait begins, so it is nudged more than once.
    """
    signal.signal(WAKE_SIGNAL, _ignore)
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
    main_thread_id = threading.get_ident()

    def wake() -> None:
        while numbers := os.read(read_fd, 64):
            if set(numbers) - {WAKE_SIGNAL}:
                for _ in range(WAKE_COUNT):
                    signal.pthread_kill(main_thread_id, WAKE_SIGNAL)
                    time.sleep(WAKE_PAUSE_S)

    threading.Thread(target=wake, daemon=True).start()


def _raise(number: int, _frame: FrameType | None) -> None:
    # A terminal that closes may send both, and a cancelled job one after the other: nothing cuts off the clearing up.
    for signal_number in EXIT_CODES:
        signal.signal(signal_number, _ignore)  # ignored, it would stay so in programs that are started
    raise TerminatedBySignal(EXIT_CODES[signal.Signals(number)])


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Hear a signal, and go on."""
