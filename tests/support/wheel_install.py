"""Install envkit as a user does: the built wheel in a virtual environment outside the checkout.

Any user can execute its Python; the checkout and the Python of its `.venv` may be readable by root only.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.account import User

DISTRIBUTION = "tf-envkit"  # in pyproject.toml
WHEEL_PATTERN = "tf_envkit-*.whl"
SUITABLE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"
INTERPRETERS = (
    "/usr/bin/python3",
    "/usr/local/bin/python3",
    *(f"/usr/bin/python3.{minor}" for minor in range(14, 9, -1)),
    str(Path(sys.base_prefix) / "bin/python3"),
)


def install(user: User, folder: Path) -> Path:
    """Install the current wheel into a new virtual environment in `folder`, and return the path of `envkit`.

    The dependencies are cached between runs, so that an installation takes seconds.
    """
    interpreter = _find_interpreter(user)
    with _locked(_cache_folder(user)) as cache:
        dependencies = _install_dependencies(interpreter, cache)
    wheel = _build_wheel(dependencies, folder)
    venv = folder / "venv"
    _run(interpreter, "-m", "venv", "--without-pip", venv)
    _site_packages(venv).joinpath("dependencies.pth").write_text(f"{_site_packages(dependencies)}\n")
    _pip(dependencies, "--python", venv / "bin/python", "install", "--no-deps", "--no-index", wheel)
    return venv / "bin/envkit"


def _find_interpreter(user: User) -> str:
    for candidate in INTERPRETERS:
        if Path(candidate).exists() and user.run([candidate, "-c", SUITABLE], cwd=Path("/")).code == 0:
            return candidate
    hint = "apt-get install python3-venv"
    return pytest.fail(f"{user.name} can run no Python 3.10+ with venv. hint: {hint}", pytrace=False)


def _cache_folder(user: User) -> Path:
    """Return a persistent folder that the user can read: in the checkout, if the user can read it."""
    cache = ROOT / ".cache/functional"
    cache.mkdir(parents=True, exist_ok=True)
    if user.run(["test", "-r", cache, "-a", "-x", cache], cwd=Path("/")).code == 0:
        return cache
    cache = Path("/var/cache/envkit-functional")
    cache.mkdir(mode=0o755, exist_ok=True)
    return cache


def _install_dependencies(interpreter: str, cache: Path) -> Path:
    """Return an environment with envkit's dependencies, rebuilt when they or the interpreter change."""
    version = _run(interpreter, "-VV")
    inputs = "\n".join([interpreter, version, (ROOT / "pyproject.toml").read_text()])
    dependencies = cache / hashlib.sha256(inputs.encode()).hexdigest()[:12]
    if not (dependencies / "complete").exists():
        _run(interpreter, "-m", "venv", "--clear", dependencies)
        _pip(dependencies, "install", "--upgrade", "pip", "hatchling")
        _pip(dependencies, "install", f"{_build_wheel(dependencies, dependencies)}[migrate]")
        _pip(dependencies, "uninstall", "--yes", DISTRIBUTION)
        (dependencies / "complete").touch()
    return dependencies


def _build_wheel(dependencies: Path, folder: Path) -> Path:
    _pip(dependencies, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "wheel", ROOT)
    (wheel,) = (folder / "wheel").glob(WHEEL_PATTERN)
    return wheel


def _site_packages(environment: Path) -> Path:
    (packages,) = environment.glob("lib/python3*/site-packages")
    return packages


def _pip(environment: Path, *arguments: str | Path) -> None:
    _run(environment / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def _run(*argv: str | Path) -> str:
    command = [str(word) for word in argv]
    result = subprocess.run(command, capture_output=True, text=True, umask=0o022, check=False)
    if result.returncode:
        output = f"{result.stdout}{result.stderr}"
        pytest.fail(f"{' '.join(command)} exited with code {result.returncode}\n{output}", pytrace=False)
    return result.stdout


@contextmanager
def _locked(cache: Path) -> Iterator[Path]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache
