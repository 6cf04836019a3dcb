"""The committed Dockerfiles are those that envkit renders."""

from __future__ import annotations

from pathlib import Path

from scripts.docs import make_dockerfiles

ROOT = Path(__file__).parents[2]


def test_the_committed_dockerfiles_are_current() -> None:
    for name, rendered in make_dockerfiles.variants().items():
        committed = (ROOT / "dockerfiles" / name).read_text("utf-8")
        assert committed == rendered, f"{name} is outdated: run make dockerfiles"


def test_no_committed_dockerfile_is_obsolete() -> None:
    committed = {path.name for path in (ROOT / "dockerfiles").glob("*.Dockerfile")}
    assert committed == set(make_dockerfiles.variants())
