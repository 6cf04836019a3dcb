"""Tests side by side (`pytest -n 3`): what one worker runs at a stretch, and what runs while all others pause.

One test at a time leaves four tenths of two cores idle: it waits for containers to start and to end, for pages to
answer. Where root runs the tests, each worker has an account of its own on the machine, and environments of its own.
What is the machine's, such as all that is unused on the engine, is for tests marked `alone`.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from xdist.scheduler.loadscope import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
NUMBER = int(WORKER.removeprefix("gw") or 0)
LOCKS = "ENVKIT_TESTS_LOCKS"
# The first share a second engine, of which there is one. The others share an account and so all that envkit makes,
# where nobody may make an account for each worker.
TOGETHER = ("tests/contract", *(() if os.geteuid() == 0 else ("tests/functional",)))


class ByFile(LoadScopeScheduling):
    """Hands out whole files, in the order of collection: what the tests of a file share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return part(nodeid)


def part(nodeid: str) -> str:
    """Return what a test is handed out with: its file, and where more is shared, its folder."""
    return next((folder for folder in TOGETHER if nodeid.startswith(f"{folder}/")), nodeid.partition("::")[0])


def own(name: str) -> str:
    """Return a name of this worker's own; the first keeps the name itself, as does a run without workers."""
    return name if WORKER in {"", "gw0"} else f"{name}-{WORKER}"


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Run beside the tests of other workers; or wait for those that run, and keep the next ones waiting."""
    with _lock("queue") as queue, _lock("engine") as engine:
        # Who waits to be alone keeps its place in the queue, or new tests would pass it for ever.
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(engine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield


@contextmanager
def one_by_one(what: str) -> Iterator[None]:
    """Let one worker do what the others find done then, such as building an image that all of them need."""
    with _lock(what) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def locks() -> Iterator[Path]:
    """Have a folder for the locks of one run; the processes that it starts know it."""
    with tempfile.TemporaryDirectory(prefix="envkit-tests-") as folder:
        os.environ[LOCKS] = folder
        yield Path(folder)


@contextmanager
def _lock(what: str) -> Iterator[IO[str]]:
    with (Path(os.environ[LOCKS]) / what).open("a") as lock:
        yield lock
