"""Linters report nothing about Dockerfiles and shell scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from envkit import process
from scripts.docs import make_dockerfiles

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")


def lint(path: Path) -> process.CompletedProcess:
    return process.run([str(HADOLINT), "--no-color", "--config", str(ROOT / ".hadolint.yaml"), str(path)])


def test_the_dockerfiles_are_clean_under_hadolint() -> None:
    for name in sorted(make_dockerfiles.variants()):
        done = lint(ROOT / "dockerfiles" / name)
        assert (done.code, done.out, done.err) == (0, "", ""), name


def test_hadolint_reports_a_bad_dockerfile(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian:latest\nRUN sudo apt-get install git\n")
    done = lint(bad)
    assert done.code == 1
    assert {"DL3004", "DL3007"} <= set(done.out.split())


def test_the_scripts_are_clean_under_shellcheck(root: Path) -> None:
    scripts = [str(path.relative_to(root)) for path in sorted((root / "scripts").rglob("*.sh"))]
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert program, "shellcheck is missing; install the development dependencies"
    argv = [program, "-x", *scripts, ".ci/run"]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_scripts_of_images_are_clean_under_shellcheck(root: Path) -> None:
    build_scripts = (path for path in sorted(root.glob("templates/*/build/*")) if path.suffix != ".py")
    scripts = [str(path.relative_to(root)) for path in (*build_scripts, root / "envkit/guest/image_info.sh")]
    assert "templates/image/build/fix-base-image" in scripts
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert program, "shellcheck is missing; install the development dependencies"
    done = subprocess.run([program, "--shell=sh", *scripts], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == ""
