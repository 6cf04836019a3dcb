"""Convert termination signals to an exception, like Ctrl-C, so that cleanup runs."""

from __future__ import annotations

import os
import signal

from envkit.errors import ExitCode, TerminatedBySignal

TYPE_CHECKING = False  # not from typing, whose import an unchanged `up` does not need
if TYPE_CHECKING:
    from types import FrameType

EXIT_CODES = {signal.SIGHUP: ExitCode.HANGUP, signal.SIGTERM: ExitCode.TERMINATED}
WAKE_SIGNAL = signal.SIGURG  # ignored by default; here it only interrupts a system call
WAKE_COUNT, WAKE_PAUSE_S = 20, 0.05


def install_handlers() -> None:
    """Raise `TerminatedBySignal` in the main thread on SIGHUP and SIGTERM; ignored signals (`nohup`) stay ignored."""
    for number in EXIT_CODES:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)


def install_wakeup() -> None:
    """Interrupt the main thread whenever a signal arrives, whichever thread receives it.

    Python runs signal handlers only in the main thread, but the system may deliver a signal to another thread, such as
    one that has just started a program. The main thread would then wait for the engine until its timeout. A signal that
    arrives just before a wait begins is lost in the same way, so the main thread is interrupted several times.

    A process with a single thread does not need it.
    """
    import threading
    import time

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
    # A closing terminal may send both signals, a canceled job one after the other; cleanup must not be interrupted.
    for signal_number in EXIT_CODES:
        signal.signal(signal_number, _ignore)  # SIG_IGN would be inherited by child processes
    raise TerminatedBySignal(EXIT_CODES[signal.Signals(number)])


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Discard a signal."""
