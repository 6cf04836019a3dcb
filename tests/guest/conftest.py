"""Fixtures that run the probe in a real process, on Python 3.8 and the current Python."""

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
from tests.support import fake_driver, gpu_machines

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.report import Finding, Observation

PROBE = guest_runner.build_program("probe")


@functools.cache
def python_3_8() -> str | None:
    """Return a working Python 3.8 from pyenv or PATH; pyenv's shim on PATH may start none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*map(str, sorted(pyenv.glob("3.8.*/bin/python3.8"))), shutil.which("python3.8")]
    return next((path for path in candidates if path and not subprocess.call([path, "-c", ""])), None)


@pytest.fixture(params=["3.8", "this"])
def python(request: pytest.FixtureRequest) -> str:
    interpreter = python_3_8() if request.param == "3.8" else sys.executable
    if interpreter is None:
        pytest.skip("Python 3.8 is not installed; the built image tests the oldest kernel")
    return interpreter


@dataclass(frozen=True)
class ProbeRun:
    """A finished run of the probe."""

    code: int
    lines: list[dict[str, Any]]
    err: str
    duration_s: float

    @property
    def names(self) -> list[str]:
        return [line["what"] for line in self.lines if line["what"] != "begin"]

    def data(self, name: str) -> Any:
        (data,) = [line["data"] for line in self.lines if line["what"] == name]
        return data

    def findings(self) -> tuple[Finding, ...]:
        results = observations.parse_all(json.dumps(line) for line in self.lines)
        return checks.probe(results, release=catalog.release("2.9.0"), gpu_required=False, host=HostGpu())


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
    """Return `start(tensorflow=TEXT, limit=60)`, which starts the probe with a fake TensorFlow of that source."""

    def start(*, tensorflow: str | None = None, limit: object = 60, text: str = PROBE) -> subprocess.Popen[bytes]:
        if tensorflow is not None:
            (packages / "tensorflow").mkdir(exist_ok=True)
            (packages / "tensorflow" / "__init__.py").write_text(textwrap.dedent(tensorflow))
        process = subprocess.Popen(
            [python, "-", str(limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(packages),
                "PYTHONDONTWRITEBYTECODE": "1",
                "HOME": str(cwd),
            },
        )
        assert process.stdin is not None
        process.stdin.write(text.encode())
        process.stdin.close()
        return process

    return start


@pytest.fixture
def probe(start: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., ProbeRun]:
    """Return `probe(...)`, which runs it to its end, and checks that every line is an observation."""

    def probe(**options: Any) -> ProbeRun:
        started = time.monotonic()
        with start(**options) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            out, err = process.stdout.read().decode(), process.stderr.read().decode()
            code = process.wait(timeout=60)
        lines = [json.loads(line) for line in out.splitlines()]
        assert all(observations.parse(line) for line in out.splitlines())
        return ProbeRun(code, lines, err, time.monotonic() - started)

    return probe


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build fakes of all driver, CUDA and cuDNN libraries that TensorFlow 2.9.0 loads, and return their folder."""
    return fake_driver.libraries(tmp_path_factory.mktemp("nvidia"))


@pytest.fixture
def inspect_driver(built: Path, tmp_path: Path) -> Callable[[gpu_machines.Machine], tuple[Observation, ...]]:
    """Return a function that inspects the driver of a fake machine."""

    def inspect_driver(machine: gpu_machines.Machine) -> tuple[Observation, ...]:
        return gpu_machines.inspect_machine(built, tmp_path / f"machine-{len(list(tmp_path.iterdir()))}", machine)

    return inspect_driver
