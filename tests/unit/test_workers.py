"""Parallel test workers: the scope of each, and that nothing runs in parallel to a test marked `alone`."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests import conftest, workers
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def locks_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with monkeypatch.context() as environment:
        environment.setenv(workers.LOCKS, "")
        with workers.locks() as folder:
            yield folder


def count_waiters(lock: Path) -> int:
    """Return the number of waiters for a lock, by the kernel's table."""
    inode = f":{lock.stat().st_ino} "
    return sum("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_a_file_or_a_shared_folder_stays_with_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SHARED_FOLDERS", ("tests/contract",))
    cases = (
        ("tests/unit/test_image_age.py::test_a", "tests/unit/test_image_age.py"),
        ("tests/functional/test_up.py::test_a[x::y]", "tests/functional/test_up.py"),
        ("tests/contract/test_images.py::test_a", "tests/contract"),
        ("tests/contract/test_gpus.py::test_a", "tests/contract"),
    )
    for test, scope in cases:
        assert workers.scope(test) == scope, test


def test_functional_tests_of_one_account_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SHARED_FOLDERS", ("tests/contract", "tests/functional"))
    assert workers.scope("tests/functional/test_up.py::test_a") == "tests/functional"


def test_an_exclusive_test_waits_and_keeps_its_turn(locks_folder: Path) -> None:
    finished: list[str] = []

    def run(name: str, *, alone: bool) -> None:
        with workers.turn(alone=alone):
            finished.append(name)

    alone = threading.Thread(target=run, args=("alone",), kwargs={"alone": True})
    later = threading.Thread(target=run, args=("later",), kwargs={"alone": False})
    with ExitStack() as running:
        running.enter_context(workers.turn(alone=False))
        run("beside", alone=False)
        alone.start()
        wait_until(lambda: count_waiters(locks_folder / "engine") == 1, "it waits for the running test")
        later.start()
        wait_until(lambda: count_waiters(locks_folder / "queue") == 1, "the next one waits for it")
        assert finished == ["beside"]
    alone.join()
    later.join()
    assert finished == ["beside", "alone", "later"]


def test_shared_resources_are_built_by_one_worker(locks_folder: Path) -> None:
    built: list[str] = []

    def build(name: str) -> None:
        with workers.exclusive("image"):
            built.append(name)

    second = threading.Thread(target=build, args=("second",))
    with workers.exclusive("image"):
        second.start()
        wait_until(lambda: count_waiters(locks_folder / "image") == 1, "the second waits")
        built.append("first")
    second.join()
    assert built == ["first", "second"]


def test_each_worker_has_its_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for worker, name in (("", "envkit-test"), ("gw0", "envkit-test"), ("gw1", "envkit-test-gw1")):
        monkeypatch.setattr(workers, "WORKER", worker)
        assert workers.worker_name("envkit-test") == name, worker


def test_a_crashed_worker_does_not_fail_the_run() -> None:
    cases: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"workeroutput": {"deselected": ["2 tests"]}}, ["2 tests"]),
        ({}, []),
    )
    for attributes, deselected in cases:
        node = SimpleNamespace(config=SimpleNamespace(stash={}), **attributes)
        conftest.pytest_testnodedown(node)
        assert node.config.stash == {conftest.DESELECTED: deselected}, attributes
