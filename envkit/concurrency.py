"""Work beside other work: begun at once, its result fetched later."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextvars import copy_context
from functools import partial
from threading import Event, Semaphore, Thread
from typing import TYPE_CHECKING, TypeVar

from envkit import process
from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")


def submit(task: Callable[[], T]) -> Future[T]:
    """Start some work at once; an interrupt does not wait for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(task())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    # What was chosen for the whole command, such as its engine, is a thread's own unless it is handed on.
    Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return future


def gather(tasks: Sequence[Callable[[], T]], max_workers: int) -> tuple[T, ...]:
    """Do all works, no more than `max_workers` at a time; return their results in the order of the works.

    The first of them that raised something is raised. An interrupt waits for nothing, nothing more is begun then, and
    programs that the works have started end.
    """
    slots, stop = Semaphore(max_workers), Event()

    def run_task(task: Callable[[], T]) -> T:
        with slots:
            if stop.is_set():
                raise PreconditionError("interrupted")
            return task()

    with process.kill_on_error():
        try:
            return _results([submit(partial(run_task, task)) for task in tasks])
        except BaseException:
            stop.set()
            raise


def _results(futures: Iterable[Future[T]]) -> tuple[T, ...]:
    return tuple(future.result() for future in futures)


def start_check(check: Callable[[], str], limit_s: float) -> Callable[[], str]:
    """Start a look at once and return what fetches its result.

    The result is the look's: what it says is wrong, or what it raised. One that is not there `limit_s` after it
    was asked for is wrong for that.
    """
    future = submit(check)

    def fetch() -> str:
        try:
            return future.result(limit_s)
        except FutureTimeoutError:
            if future.done():
                raise
            return f"no result within {limit_s:.0f} s"

    return fetch
