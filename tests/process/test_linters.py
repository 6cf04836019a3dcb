"""Linters have nothing to say about Dockerfiles and shell scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from envkit import process
from scripts import make_dockerfiles

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")


def lint(path: Path) -> process.CompletedProcess:
    return process.run([str(HADOLINT), "--no-color", "--config", str(ROOT / ".hadolint.yaml"), str(path)])


@pytest.mark.parametrize("name", sorted(make_dockerfiles.variants()))
def test_hadolint_has_nothing_to_say(name: str) -> None:
    done = lint(ROOT / "dockerfiles" / name)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_hadolint_does_complain_of_a_bad_dockerfile(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:latest\nRUN sudo apt-get install git\n")
    done = lint(bad)
    assert done.code == 1
    assert {"DL3004", "DL3007"} <= set(done.out.split())


def test_the_scripts_are_clean_under_shellcheck(root: Path) -> None:
    scripts = [str(path.relative_to(root)) for path in sorted((root / "scripts").glob("*.sh"))]
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert program, "shellcheck is not here: the development dependencies bring it"
    argv = [program, "-x", *scripts, ".ci/run"]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_the_scripts_that_run_in_images_are_clean_under_shellcheck(root: Path) -> None:
    built = (path for path in sorted(root.glob("templates/*/build/*")) if path.suffix != ".py")
    scripts = [str(path.relative_to(root)) for path in (*built, root / "envkit/guest/image_info.sh")]
    assert "templates/image/build/update-image" in scripts
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert program, "shellcheck is not here: the development dependencies bring it"
    done = subprocess.run([program, "--shell=sh", *scripts], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == ""
