"""`render` writes where the caller stands, and through no link that a notebook planted there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker import client
from envkit.commands.render import render
from envkit.environment import project
from envkit.errors import EngineUnavailable, PreconditionError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> project.Project:
    """A project whose engine does not answer, which `render` needs not."""

    def silent(at: str) -> NoReturn:
        raise EngineUnavailable(at)

    monkeypatch.setattr(client, "connect", silent)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "vision"
    folder.mkdir()
    (folder / "envkit.yaml").write_text("gpu: off\n")
    if os.getuid() == 0:  # a workspace never runs as root
        os.chown(folder, 4242, 4242)
        os.chown(folder / "envkit.yaml", 4242, 4242)
    return project.load(folder, {})


def test_what_is_rendered_lies_in_the_folder_and_is_current(loaded: project.Project, tmp_path: Path) -> None:
    report = render(loaded, tmp_path / "vision/rendered", check=False)
    assert "Dockerfile" in report.result.files
    assert not render(loaded, tmp_path / "vision/rendered", check=True).exit_code


def test_another_project_that_a_planted_link_leads_to_stays_as_it_is(loaded: project.Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("mine")
    (tmp_path / "vision/rendered").symlink_to(other)
    with pytest.raises(PreconditionError, match="vision/rendered is a link"):
        render(loaded, tmp_path / "vision/rendered", check=False)
    assert [one.name for one in other.iterdir()] == ["Dockerfile"]
    assert (other / "Dockerfile").read_text() == "mine"
