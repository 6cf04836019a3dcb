"""Run tasks in threads, and fetch their results later."""

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
    """Start a task in a thread; an interrupt does not wait for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(task())
        except BaseException as error:  # noqa: BLE001 - raised to the caller that waits
            future.set_exception(error)

    # The command's context variables, such as its engine, reach a thread only in a copied context.
    Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return future


def gather(tasks: Sequence[Callable[[], T]], max_workers: int) -> tuple[T, ...]:
    """Run all tasks, at most `max_workers` at a time, and return their results in the order of the tasks.

    If tasks fail, the exception of the first one in this order is raised. An interrupt does not wait: no further task
    starts, and the programs that running tasks started are killed.
    """
    slots, stop = Semaphore(max_workers), Event()

    def run_task(task: Callable[[], T]) -> T:
        with slots:
            if stop.is_set():
                raise PreconditionError("interrupted", code="interrupted")
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
    """Start a check in a thread, and return a function that fetches its result.

    That function returns what is wrong (or an empty string), raises what the check raised, and reports a check that has
    no result `limit_s` after the function was called.
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
