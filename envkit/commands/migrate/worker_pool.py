"""The same work on many items in several processes: results in order, no more of them in memory than are worked on."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")
QUEUE_DEPTH = 8  # items that wait for each process, so that none of them ever waits
_task: list[Callable[[Any], Any]] = []  # of this process, if it is one of those that work


def map_ordered(
    items: Iterable[T], task: Callable[[T], R], *, on_crash: Callable[[T], R], processes: int | None = None
) -> Iterator[R]:
    """Yield what comes of each item, in their order.

    A process that dies (a parser written in C may crash) takes nothing with it: what it had is tried again, each item
    in a process of its own.

    Args:
        items: What to work on; taken as they are needed.
        task: Does it, in another process that has all this one has.
        on_crash: Says what came of an item whose process died again.
        processes: How many; as many as this one may use processors, if that is not said.
    """
    count = processes or len(os.sched_getaffinity(0))
    pool = _create_pool(task, count)
    pending: deque[tuple[T, Future[R]]] = deque()
    try:
        for item in items:
            try:
                pending.append((item, pool.submit(_run_task, item)))
            except BrokenProcessPool:
                pool.shutdown(wait=False)
                pool = _create_pool(task, count)
                pending.append((item, pool.submit(_run_task, item)))
            if len(pending) > count * QUEUE_DEPTH:
                yield _await_result(*pending.popleft(), task, on_crash)
        while pending:
            yield _await_result(*pending.popleft(), task, on_crash)
    finally:
        pool.shutdown(cancel_futures=True)


def _await_result(item: T, future: Future[R], task: Callable[[T], R], on_crash: Callable[[T], R]) -> R:
    try:
        return future.result()
    except BrokenProcessPool:
        pass
    try:
        with _create_pool(task, 1) as retry_pool:
            retry: Future[R] = retry_pool.submit(_run_task, item)
            return retry.result()
    except BrokenProcessPool:
        return on_crash(item)


def _create_pool(task: Callable[[Any], Any], count: int) -> ProcessPoolExecutor:
    # A fork has all that is loaded here, so that nothing is imported or sent twice.
    return ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=_init_worker, initargs=(task,))


def _init_worker(task: Callable[[Any], Any]) -> None:
    _task[:] = [task]
    gc.freeze()  # what came with the fork stays; to look for garbage in it would copy all of it
    gc.disable()  # and is looked for between items only: within one, nearly all that is made is in use
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the one in front says what is to be done
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _run_task(item: Any) -> Any:
    try:
        return _task[0](item)
    finally:
        gc.collect()
