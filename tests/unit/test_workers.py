"""Tests side by side: what one worker gets at a stretch, and that nothing runs beside a test marked `alone`."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests import conftest, workers
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def own_locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with monkeypatch.context() as environment:
        environment.setenv(workers.LOCKS, "")
        with workers.locks() as folder:
            yield folder


def waiting(lock: Path) -> int:
    """Return how many wait for a lock, in the kernel's words."""
    inode = f":{lock.stat().st_ino} "
    return sum("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


@pytest.mark.parametrize(
    ("test", "part"),
    [
        ("tests/unit/test_age.py::test_a", "tests/unit/test_age.py"),
        ("tests/functional/test_up.py::test_a[x::y]", "tests/functional/test_up.py"),
        ("tests/contract/test_images.py::test_a", "tests/contract"),
        ("tests/contract/test_gpus.py::test_a", "tests/contract"),
    ],
)
def test_files_stay_whole_and_what_shares_an_engine_together(
    test: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "TOGETHER", ("tests/contract",))
    assert workers.part(test) == part


def test_workers_of_one_account_do_not_run_its_envkit_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TOGETHER", ("tests/contract", "tests/functional"))
    assert workers.part("tests/functional/test_up.py::test_a") == "tests/functional"


def test_a_test_runs_alone_after_those_that_run_and_before_those_that_come(own_locks: Path) -> None:
    done: list[str] = []

    def run(name: str, *, alone: bool) -> None:
        with workers.turn(alone=alone):
            done.append(name)

    alone = threading.Thread(target=run, args=("alone",), kwargs={"alone": True})
    later = threading.Thread(target=run, args=("later",), kwargs={"alone": False})
    with ExitStack() as running:
        running.enter_context(workers.turn(alone=False))
        run("beside", alone=False)
        alone.start()
        wait_until(lambda: waiting(own_locks / "engine") == 1, "it waits for the test that runs")
        later.start()
        wait_until(lambda: waiting(own_locks / "queue") == 1, "the next one waits for it")
        assert done == ["beside"]
    alone.join()
    later.join()
    assert done == ["beside", "alone", "later"]


def test_what_all_need_is_made_by_one_of_them(own_locks: Path) -> None:
    made: list[str] = []

    def make(name: str) -> None:
        with workers.one_by_one("image"):
            made.append(name)

    second = threading.Thread(target=make, args=("second",))
    with workers.one_by_one("image"):
        second.start()
        wait_until(lambda: waiting(own_locks / "image") == 1, "the second waits")
        made.append("first")
    second.join()
    assert made == ["first", "second"]


@pytest.mark.parametrize(("worker", "name"), [("", "envkit-test"), ("gw0", "envkit-test"), ("gw1", "envkit-test-gw1")])
def test_each_worker_has_an_account_of_its_own(worker: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORKER", worker)
    assert workers.own("envkit-test") == name


@pytest.mark.parametrize(("said", "left_out"), [({"workeroutput": {"left_out": ["2 tests"]}}, ["2 tests"]), ({}, [])])
def test_a_worker_that_died_is_no_error_of_the_run(said: dict[str, object], left_out: list[str]) -> None:
    node = SimpleNamespace(config=SimpleNamespace(stash={}), **said)
    conftest.pytest_testnodedown(node)
    assert node.config.stash == {conftest.LEFT_OUT: left_out}
