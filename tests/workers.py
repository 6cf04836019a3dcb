"""Parallel tests (`pytest -n 3`): the distribution of tests over workers, and tests that must run alone.

A single worker leaves 40 % of two cores idle, because it waits for containers and pages. If root runs the tests, each
worker has a separate account on the machine and separate environments. Tests that affect the whole machine, such as
those that remove everything unused on the engine, are marked `alone`.
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
# Contract tests share a single second engine. Without root, the functional tests share an account and therefore all
# objects that envkit creates.
SHARED_FOLDERS = ("tests/contract", *(() if os.geteuid() == 0 else ("tests/functional",)))


class ByFile(LoadScopeScheduling):
    """Distribute whole files in collection order, so that the fixtures of a file are created once.

    This is xdist's `--dist loadfile`, except that a folder that shares resources is a scope of its own. `loadgroup`
    would need a mark on every test, and appends the group to the test ids.
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def scope(nodeid: str) -> str:
    """Return the scope of a test: its file, or its folder if the folder shares resources."""
    return next((folder for folder in SHARED_FOLDERS if nodeid.startswith(f"{folder}/")), nodeid.partition("::")[0])


def worker_name(name: str) -> str:
    """Return a name that is unique to this worker; the first worker and a run without workers use the name itself."""
    return name if WORKER in {"", "gw0"} else f"{name}-{WORKER}"


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Run in parallel with other workers; or, if alone, wait for running tests and block new ones."""
    with _lock("queue") as queue, _lock("engine") as engine:
        # A test that waits to run alone holds the queue lock; otherwise new tests would starve it.
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(engine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Run in one worker at a time, for work that the others then reuse, such as building a shared image."""
    with _lock(name) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def locks() -> Iterator[Path]:
    """Create the lock folder of a run and pass it to child processes in the environment."""
    with tempfile.TemporaryDirectory(prefix="envkit-tests-") as folder:
        os.environ[LOCKS] = folder
        yield Path(folder)


@contextmanager
def _lock(name: str) -> Iterator[IO[str]]:
    with (Path(os.environ[LOCKS]) / name).open("a") as lock:
        yield lock
