"""envkit as a user gets it: the built wheel in an environment away from the checkout.

Its Python is one that anybody may run: the one of the checkout's `.venv` may lie where only root can go,
and so may the checkout.
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

    from tests.functional.account import User

SUITABLE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"
INTERPRETERS = (
    "/usr/bin/python3",
    "/usr/local/bin/python3",
    *(f"/usr/bin/python3.{minor}" for minor in range(14, 9, -1)),
    str(Path(sys.base_prefix) / "bin/python3"),
)


def install(user: User, place: Path) -> Path:
    """Install today's wheel into a fresh environment under `place`, and return its `envkit`.

    What envkit depends on is kept between runs, so that a run costs seconds.
    """
    base = _interpreter(user)
    with _locked(_shelf(user)) as shelf:
        kept = _dependencies(base, shelf)
    wheel = _wheel(kept, place)
    fresh = place / "venv"
    _run(base, "-m", "venv", "--without-pip", fresh)
    _packages(fresh).joinpath("dependencies.pth").write_text(f"{_packages(kept)}\n")
    _pip(kept, "--python", fresh / "bin/python", "install", "--no-deps", "--no-index", wheel)
    return fresh / "bin/envkit"


def _interpreter(user: User) -> str:
    for candidate in INTERPRETERS:
        if Path(candidate).exists() and user.run([candidate, "-c", SUITABLE], cwd=Path("/")).code == 0:
            return candidate
    hint = "apt-get install python3-venv"
    return pytest.fail(f"{user.name} can run no Python 3.10+ with venv. hint: {hint}", pytrace=False)


def _shelf(user: User) -> Path:
    """Return a folder that outlives the run and that the user can read: in the checkout, if that is open."""
    shelf = ROOT / ".cache/functional"
    shelf.mkdir(parents=True, exist_ok=True)
    if user.run(["test", "-r", shelf, "-a", "-x", shelf], cwd=Path("/")).code == 0:
        return shelf
    shelf = Path("/var/cache/envkit-functional")
    shelf.mkdir(mode=0o755, exist_ok=True)
    return shelf


def _dependencies(base: str, shelf: Path) -> Path:
    """Return an environment with envkit's dependencies, made anew when they or the interpreter change."""
    version = _run(base, "-VV")
    inputs = "\n".join([base, version, (ROOT / "pyproject.toml").read_text()])
    kept = shelf / hashlib.sha256(inputs.encode()).hexdigest()[:12]
    if not (kept / "complete").exists():
        _run(base, "-m", "venv", "--clear", kept)
        _pip(kept, "install", "--upgrade", "pip", "hatchling")
        _pip(kept, "install", f"{_wheel(kept, kept)}[migrate]")
        _pip(kept, "uninstall", "--yes", "envkit")
        (kept / "complete").touch()
    return kept


def _wheel(kept: Path, place: Path) -> Path:
    _pip(kept, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place / "wheel", ROOT)
    (wheel,) = (place / "wheel").glob("envkit-*.whl")
    return wheel


def _packages(environment: Path) -> Path:
    (packages,) = environment.glob("lib/python3*/site-packages")
    return packages


def _pip(environment: Path, *words: str | Path) -> None:
    _run(environment / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", *words)


def _run(*argv: str | Path) -> str:
    words = [str(word) for word in argv]
    done = subprocess.run(words, capture_output=True, text=True, umask=0o022, check=False)
    if done.returncode:
        said = f"{done.stdout}{done.stderr}"
        pytest.fail(f"{' '.join(words)} ended with {done.returncode}\n{said}", pytrace=False)
    return done.stdout


@contextmanager
def _locked(shelf: Path) -> Iterator[Path]:
    with (shelf / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shelf
