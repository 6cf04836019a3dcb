"""The committed Dockerfiles are what envkit renders, and none is left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import make_dockerfiles

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(make_dockerfiles.variants()))
def test_the_committed_dockerfile_is_current(name: str) -> None:
    committed = (ROOT / "dockerfiles" / name).read_text("utf-8")
    assert committed == make_dockerfiles.variants()[name], "make dockerfiles renders it anew"


def test_no_committed_dockerfile_is_left_over() -> None:
    committed = {path.name for path in (ROOT / "dockerfiles").glob("*.Dockerfile")}
    assert committed == set(make_dockerfiles.variants())
