"""`render` writes to the given folder and follows no symbolic links."""

from __future__ import annotations

import os
import re
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
def loaded_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> project.Project:
    """A project without a reachable engine, because `render` does not need one."""

    def refuse(endpoint: str) -> NoReturn:
        raise EngineUnavailable(endpoint, code="engine-unavailable")

    monkeypatch.setattr(client, "connect", refuse)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "vision"
    folder.mkdir()
    (folder / "envkit.yaml").write_text("gpu: off\n")
    if os.getuid() == 0:  # a workspace never runs as root
        os.chown(folder, 4242, 4242)
        os.chown(folder / "envkit.yaml", 4242, 4242)
    return project.load(folder, {})


def test_rendered_files_are_written_and_current(loaded_project: project.Project, tmp_path: Path) -> None:
    report = render(loaded_project, tmp_path / "vision/rendered", check=False)
    assert "Dockerfile" in report.result.files
    assert not render(loaded_project, tmp_path / "vision/rendered", check=True).exit_code


def test_another_free_port_or_subnet_is_no_change(loaded_project: project.Project, tmp_path: Path) -> None:
    folder = tmp_path / "vision/rendered"
    render(loaded_project, folder, check=False)
    compose = folder / "compose.yaml"
    text = compose.read_text()
    port = re.search(r"published: '([0-9]+)'", text)
    subnet = re.search(r"subnet: (\S+)", text)
    assert port is not None
    assert subnet is not None
    other_port = text.replace(f"published: '{port[1]}'", "published: '9321'")
    compose.write_text(other_port.replace(f"envkit.port: '{port[1]}'", "envkit.port: '9321'"))
    assert not render(loaded_project, folder, check=True).exit_code
    for old, new, code in (
        (subnet[1], "10.183.9.8/29", 0),
        (subnet[1], "192.168.3.8/29", 1),
        ("read_only: true", "read_only: false", 1),
        ("host_ip: 127.0.0.1", "host_ip: 0.0.0.0", 1),
    ):
        compose.write_text(text.replace(old, new))
        assert render(loaded_project, folder, check=True).exit_code == code, (old, new)


def test_a_link_to_another_project_is_refused(loaded_project: project.Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("mine")
    (tmp_path / "vision/rendered").symlink_to(other)
    with pytest.raises(PreconditionError) as error:
        render(loaded_project, tmp_path / "vision/rendered", check=False)
    assert error.value.code == "link-in-path"
    assert "vision/rendered" in error.value.message
    assert [path.name for path in other.iterdir()] == ["Dockerfile"]
    assert (other / "Dockerfile").read_text() == "mine"
