"""What all tests share: the order they run in, and what happens where no engine answers."""

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
from tests.functional.alone import alone

if TYPE_CHECKING:
    from collections.abc import Generator

# Whether a test holds does not depend on how busy the machine is, and the same cases are tried everywhere.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=100)

# A job in the background is started with Ctrl-C ignored, one under nohup with hanging up; each would hand that on to
# every envkit that is interrupted here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = pytest.StashKey[list[str]]()
# The quick ones first: what they find should not wait for an image to be built.
ORDER = ("unit", "guest", "process", "contract", "functional")
# Side by side, the image is built meanwhile, and of what uses it the longest come first: the end is short.
BUILDS = "test_interrupted.py"
LONGEST = (
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
    parser.addoption("--no-engine", action="store_true", help="leave out tests that need a container engine")
    parser.addoption("--whole-images", action="store_true", help="also build whole images: 8 minutes")
    parser.addoption("--gpu-image", action="store_true", help="also build the image for GPUs: 2 GB of downloads")


def pytest_configure(config: pytest.Config) -> None:
    # Without an engine somebody waits for the verdict on an edit; with one, the whole run takes minutes anyway.
    settings.load_profile("quick" if config.getoption("no_engine") else "thorough")
    if not hasattr(config, "workerinput"):
        kept = contextlib.ExitStack()
        kept.enter_context(workers.locks())
        if config.getoption("numprocesses", None) and not config.getoption("no_engine"):
            # Before any worker waits for another: two runs would hold what the other one's workers wait for.
            kept.enter_context(alone())
        config.add_cleanup(kept.close)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> workers.ByFile:
    config.option.loadscopereorder = False  # the order is that of `_place`
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
    items.sort(key=_place)
    said = config.stash[LEFT_OUT] = []
    if not config.getoption("gpu_image"):
        left_out = _leave_out(config, items, [item for item in items if item.get_closest_marker("gpu_image")])
        said += [f"{left_out} tests that build the image for GPUs are left out; make test-gpu-image runs them"]
    if not config.getoption("whole_images"):
        left_out = _leave_out(config, items, [item for item in items if item.get_closest_marker("whole_image")])
        said += [f"{left_out} tests that build whole images are left out; make test-images runs them"]
    if config.getoption("no_engine"):
        left_out = _leave_out(config, items, [item for item in items if _needs_engine(item)])
        said += [f"{left_out} tests that need a container engine are left out: --no-engine"]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # A worker that died has said nothing.
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(LEFT_OUT, []):
        if not line.startswith("0 "):
            terminalreporter.line(line)


def pytest_collection_finish() -> None:
    # What was imported and collected stays to the end. Set aside, it no longer costs each collection 0.1 s; and what
    # each test makes and drops needs no search for cycles every 700 objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Never a silent skip: a run without an engine has not shown what it seems to show.
    if _needs_engine(item) and (why := _no_engine()):
        hint = "`make test` starts an engine; `pytest --no-engine` leaves these tests out."
        pytest.fail(f"{why}\n{hint}", pytrace=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout's top folder."""
    return ROOT


def _leave_out(config: pytest.Config, items: list[pytest.Item], which: list[pytest.Item]) -> int:
    gone = set(which)
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=which)
    return len(which)


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT / "tests").parts[0]


def _place(item: pytest.Item) -> tuple[int, int]:
    folder, file = _folder(item), item.path.name
    part = ORDER.index(folder) if folder in ORDER else len(ORDER)
    if not workers.WORKER:
        return part, 0
    if file == BUILDS:
        return -2, 0
    if folder == "contract":  # a minute at a stretch
        return -1, 0
    return part, LONGEST.index(file) if file in LONGEST else len(LONGEST)


def _needs_engine(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("engine", "image"))


@functools.cache
def _no_engine() -> str:
    """Return why no engine can be used, or nothing if one answers."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    ping = [sys.executable, str(ROOT / "scripts/setup/ping_engine.py"), address.removeprefix("unix://")]
    said = {0: "", 4: f"this user may not use the container engine at {address}"}
    return said.get(subprocess.run(ping, check=False).returncode, f"no container engine answers at {address}")
