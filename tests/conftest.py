"""Configuration of all tests: their order, the options, and the failure if no engine answers."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import workers
from tests.support.exclusive_run import alone

if TYPE_CHECKING:
    from collections.abc import Generator

# Results must not depend on the load of the machine, so there is no deadline and examples are deterministic.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=100)

# A background job ignores SIGINT, and nohup ignores SIGHUP; child processes would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parent.parent
DESELECTED = pytest.StashKey[list[str]]()
# Fast tests first, so that their failures show before an image is built.
ORDER = ("unit", "guest", "process", "contract", "functional")
# In parallel runs, this file comes first because it builds the image, and the files that take longest come next.
BUILDS_IMAGE = "test_interrupted.py"
LONGEST = (
    "test_audit_differences.py",
    "test_remote.py",
    "test_official.py",
    "test_converge.py",
    "test_packages.py",
    "test_socket.py",
    "test_smoke.py",
    "test_ssh_published.py",
    "test_audit.py",
    "test_releases.py",
    "test_bases.py",
    "test_bad_input.py",
    "test_users.py",
    "test_down.py",
    "test_secrets.py",
    "test_browser.py",
    "test_compose.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-engine", action="store_true", help="deselect tests that need a container engine")
    parser.addoption("--whole-images", action="store_true", help="also build whole images: 8 minutes")
    parser.addoption("--gpu-image", action="store_true", help="also build the image for GPUs: 2 GB of downloads")


def pytest_configure(config: pytest.Config) -> None:
    # A run without an engine should be fast; a run with one takes minutes anyway.
    settings.load_profile("quick" if config.getoption("no_engine") else "thorough")
    if not hasattr(config, "workerinput"):
        stack = contextlib.ExitStack()
        stack.enter_context(workers.locks())
        if config.getoption("numprocesses", None) and not config.getoption("no_engine"):
            # Taken before the workers start: otherwise two runs could wait for each other's locks.
            stack.enter_context(alone())
        config.add_cleanup(stack.close)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> workers.ByFile:
    config.option.loadscopereorder = False  # keep the order of `_sort_key`
    return workers.ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if not _needs_engine(item):
        return (yield)
    with workers.turn(alone=bool(item.get_closest_marker("alone"))):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _folder(item) == "functional":
            item.add_marker("engine")
    items.sort(key=_sort_key)
    notes = config.stash[DESELECTED] = []
    if not config.getoption("gpu_image"):
        count = _deselect(config, items, [item for item in items if item.get_closest_marker("gpu_image")])
        notes += [f"{count} tests that build the GPU image are deselected; make test-gpu-image runs them"]
    if not config.getoption("whole_images"):
        count = _deselect(config, items, [item for item in items if item.get_closest_marker("whole_image")])
        notes += [f"{count} tests that build whole images are deselected; make test-images runs them"]
    if config.getoption("no_engine"):
        count = _deselect(config, items, [item for item in items if _needs_engine(item)])
        notes += [f"{count} tests that need a container engine are deselected by --no-engine"]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # A crashed worker has no output.
    node.config.stash[DESELECTED] = getattr(node, "workeroutput", {}).get("deselected", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["deselected"] = session.config.stash.get(DESELECTED, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(DESELECTED, []):
        if not line.startswith("0 "):
            terminalreporter.line(line)


def pytest_collection_finish() -> None:
    # Imported modules and collected tests live until the end: frozen, they no longer cost each garbage collection
    # 0.1 s. A higher threshold avoids a search for cycles every 700 objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Fail instead of skip: a run without an engine must not look complete.
    if _needs_engine(item) and (problem := _engine_problem()):
        hint = "`make test` starts an engine; `pytest --no-engine` deselects these tests."
        pytest.fail(f"{problem}\n{hint}", pytrace=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root folder of the checkout."""
    return ROOT


def _deselect(config: pytest.Config, items: list[pytest.Item], deselected: list[pytest.Item]) -> int:
    excluded = set(deselected)
    items[:] = [item for item in items if item not in excluded]
    config.hook.pytest_deselected(items=deselected)
    return len(deselected)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT / "tests").parts[0]


def _sort_key(item: pytest.Item) -> tuple[int, int]:
    folder, file = _folder(item), item.path.name
    folder_index = ORDER.index(folder) if folder in ORDER else len(ORDER)
    if not workers.WORKER:
        return folder_index, 0
    if file == BUILDS_IMAGE:
        return -2, 0
    if folder == "contract":  # one worker needs a minute for it
        return -1, 0
    return folder_index, LONGEST.index(file) if file in LONGEST else len(LONGEST)


def _needs_engine(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("engine", "image"))


@functools.cache
def _engine_problem() -> str:
    """Return why no engine can be used, or an empty string if one answers."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    ping = [sys.executable, str(ROOT / "scripts/setup/ping_engine.py"), address.removeprefix("unix://")]
    problems = {0: "", 4: f"this user may not use the container engine at {address}"}
    return problems.get(subprocess.run(ping, check=False).returncode, f"no container engine answers at {address}")
