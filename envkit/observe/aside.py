"""Work beside other work: begun at once, its result fetched later."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context
from functools import partial
from threading import Event, Semaphore, Thread
from typing import TYPE_CHECKING, TypeVar

from envkit import proc
from envkit.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")


def begun(work: Callable[[], T]) -> Future[T]:
    """Start some work at once; an interrupt does not wait for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    # What was chosen for the whole command, such as its engine, is a thread's own unless it is handed on.
    Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return future


def together(works: Sequence[Callable[[], T]], at_once: int) -> tuple[T, ...]:
    """Do all works, no more than `at_once` at a time; return their results in the order of the works.

    The first of them that raised something is raised. An interrupt waits for nothing, nothing more is begun then, and
    programs that the works have started end.
    """
    room, stopped = Semaphore(at_once), Event()

    def in_turn(work: Callable[[], T]) -> T:
        with room:
            if stopped.is_set():
                raise Refusal("interrupted")
            return work()

    with proc.leashed():
        try:
            return _results([begun(partial(in_turn, one)) for one in works])
        except BaseException:
            stopped.set()
            raise


def _results(futures: Iterable[Future[T]]) -> tuple[T, ...]:
    return tuple(one.result() for one in futures)


def aside(look: Callable[[], str], limit_s: float) -> Callable[[], str]:
    """Start a look at once and return what fetches its result.

    The result is the look's: what it says is wrong, or what it raised. One that is not there `limit_s` after it
    was asked for is wrong for that.
    """
    future = begun(look)

    def fetch() -> str:
        try:
            return future.result(limit_s)
        except NotYet:
            if future.done():
                raise
            return f"no result within {limit_s:.0f} s"

    return fetch
