"""The committed Dockerfiles are what envkit renders, and a linter has nothing to say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from envkit import proc
from scripts import make_dockerfiles

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")


def lint(path: Path) -> proc.Done:
    return proc.run([str(HADOLINT), "--no-color", "--config", str(ROOT / ".hadolint.yaml"), str(path)])


@pytest.mark.parametrize("name", sorted(make_dockerfiles.variants()))
def test_the_committed_dockerfile_is_current(name: str) -> None:
    committed = (ROOT / "dockerfiles" / name).read_text("utf-8")
    assert committed == make_dockerfiles.variants()[name], "make dockerfiles renders it anew"


def test_no_committed_dockerfile_is_left_over() -> None:
    committed = {path.name for path in (ROOT / "dockerfiles").glob("*.Dockerfile")}
    assert committed == set(make_dockerfiles.variants())


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
