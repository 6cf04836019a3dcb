"""The real probe, started as a real process on Python 3.8 and on this one."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkit import catalog, checks
from envkit.checks import observations
from envkit.model.facts import HostGpu
from envkit.observe import guest_runner
from tests.guest import machines, made_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.report import Finding, Observation

PROBE = guest_runner.build_program("probe")


@functools.cache
def python_3_8() -> str | None:
    """Return a Python 3.8 from pyenv or from PATH, where a stand-in may lie that starts none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [*map(str, sorted(pyenv.glob("3.8.*/bin/python3.8"))), shutil.which("python3.8")]
    return next((path for path in found if path and not subprocess.call([path, "-c", ""])), None)


@pytest.fixture(params=["3.8", "this"])
def python(request: pytest.FixtureRequest) -> str:
    found = python_3_8() if request.param == "3.8" else sys.executable
    if found is None:
        pytest.skip("no Python 3.8 here; the oldest kernel is tried in the built image")
    return found


@dataclass(frozen=True)
class Told:
    """What the probe said."""

    code: int
    lines: list[dict[str, Any]]
    err: str
    took_s: float

    @property
    def whats(self) -> list[str]:
        return [line["what"] for line in self.lines if line["what"] != "begin"]

    def data(self, what: str) -> Any:
        (found,) = [line["data"] for line in self.lines if line["what"] == what]
        return found

    def findings(self) -> tuple[Finding, ...]:
        seen = observations.parse_all(json.dumps(line) for line in self.lines)
        return checks.probe(seen, release=catalog.release("2.9.0"), gpu_required=False, host=HostGpu())


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    return folder


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def start(python: str, packages: Path, cwd: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Return `start(tensorflow=TEXT, limit=60)`: the probe, started beside a TensorFlow of that text."""

    def start(*, tensorflow: str | None = None, limit: object = 60, text: str = PROBE) -> subprocess.Popen[bytes]:
        if tensorflow is not None:
            (packages / "tensorflow").mkdir()
            (packages / "tensorflow" / "__init__.py").write_text(textwrap.dedent(tensorflow))
        process = subprocess.Popen(
            [python, "-", str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(packages), "HOME": str(cwd)},
        )
        assert process.stdin is not None
        process.stdin.write(text.encode())
        process.stdin.close()
        return process

    return start


@pytest.fixture
def probe(start: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., Told]:
    """Return `probe(...)`: the same, run to its end. Every line of it must be an observation."""

    def probe(**options: Any) -> Told:
        started = time.monotonic()
        with start(**options) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            out, err = process.stdout.read().decode(), process.stderr.read().decode()
            code = process.wait(timeout=60)
        lines = [json.loads(line) for line in out.splitlines()]
        assert all(observations.parse(line) for line in out.splitlines())
        return Told(code, lines, err, time.monotonic() - started)

    return probe


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every library of driver, CUDA and cuDNN that TensorFlow 2.9.0 opens, made up."""
    return made_up.libraries(tmp_path_factory.mktemp("nvidia"))


@pytest.fixture
def looked(built: Path, tmp_path: Path) -> Callable[[machines.Machine], tuple[Observation, ...]]:
    """Return what takes the driver's looks on such a machine."""

    def looked(machine: machines.Machine) -> tuple[Observation, ...]:
        return machines.look(built, tmp_path / f"machine-{len(list(tmp_path.iterdir()))}", machine)

    return looked
