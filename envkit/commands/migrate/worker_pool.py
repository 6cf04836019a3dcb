"""Map a function over items in several processes: results in order, with a bounded number in memory."""

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
QUEUE_DEPTH = 8  # queued items per process, so that no process is idle
_task: list[Callable[[Any], Any]] = []  # set in worker processes only


def map_ordered(
    items: Iterable[T], task: Callable[[T], R], *, on_crash: Callable[[T], R], processes: int | None = None
) -> Iterator[R]:
    """Yield the result for each item, in order.

    If a process crashes, for example in a parser written in C, its items are retried, each in a new process.

    Args:
        items: Items, consumed lazily.
        task: Function that runs in a forked process.
        on_crash: Function that creates the result for an item whose process crashed again.
        processes: Number of processes; by default the number of available CPUs.
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
    # A forked process has all loaded modules and data, so nothing is imported or sent again.
    return ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=_init_worker, initargs=(task,))


def _init_worker(task: Callable[[Any], Any]) -> None:
    _task[:] = [task]
    gc.freeze()  # a collection over inherited objects would copy their memory pages
    gc.disable()  # collect only between items: within an item, nearly all objects are in use
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the main process handles it
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
