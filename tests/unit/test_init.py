"""A project folder is made through no link, and what was there before stays."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit.cli.output import messages
from envkit.commands.init import InitResult, init
from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from pathlib import Path

OWNER = str(os.getuid() or 4242)


def owned(folder: Path) -> Path:
    """Give a folder to the owner."""
    if os.getuid() == 0:
        os.chown(folder, int(OWNER), int(OWNER))
    return folder


def test_a_new_folder_and_all_that_was_made_for_it_belong_to_its_owner(tmp_path: Path) -> None:
    report = init(tmp_path / "a" / "b", owner=OWNER)
    assert report.result.files == ("envkit.yaml",)
    for path in (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/envkit.yaml"):
        assert path.stat().st_uid == int(OWNER)
    assert (tmp_path / "a/b/envkit.yaml").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder for somebody else")
def test_the_next_command_is_as_short_as_where_one_stands_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = InitResult(str(tmp_path), 1000, ("envkit.yaml",))
    monkeypatch.chdir(tmp_path)
    assert messages.init(made).endswith("\nnext: envkit up")
    monkeypatch.chdir("/")
    assert messages.init(made).endswith(f"\nnext: envkit up --project {tmp_path}")


def test_a_folder_of_somebody_else_is_refused_with_the_hint(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="there already and belongs to user 0, not to user 4242") as refusal:
        init(tmp_path, owner="4242")
    assert f"chown 4242:4242 {tmp_path}" in refusal.value.hint
    assert not list(tmp_path.iterdir())


def test_a_folder_of_the_owner_gets_a_config(tmp_path: Path) -> None:
    init(owned(tmp_path), owner=OWNER)
    assert (tmp_path / "envkit.yaml").stat().st_uid == int(OWNER)


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    project, victim = tmp_path / "project", tmp_path / "victim"
    project.mkdir()
    (project / "envkit.yaml").symlink_to(victim)
    with pytest.raises(PreconditionError, match="there already"):
        init(project, owner=OWNER)
    assert not victim.exists()


def test_a_folder_is_not_made_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "project").symlink_to(tmp_path / "victim")
    with pytest.raises(PreconditionError, match="link"):
        init(tmp_path / "project", owner=OWNER)
    assert not (tmp_path / "victim").exists()


def test_an_example_is_copied_beside_what_is_there_and_its_links_are_not(tmp_path: Path) -> None:
    example, project = tmp_path / "example", tmp_path / "project"
    for folder in (example, project):
        folder.mkdir()
    owned(project)
    (tmp_path / "secret").write_text("root's own")
    for name in ("envkit.yaml", "train.py", "mine.py", "turned.py"):
        (example / name).write_text(name)
    (example / "link.py").symlink_to(tmp_path / "secret")
    (project / "mine.py").write_text("mine")
    (project / "turned.py").symlink_to(tmp_path / "victim")
    assert init(project, owner=OWNER, example=example).result.files == ("envkit.yaml", "train.py")
    assert (project / "train.py").read_text() == "train.py"
    assert (project / "mine.py").read_text() == "mine"
    assert not (project / "link.py").exists()
    assert not (tmp_path / "victim").exists()


def test_a_file_that_is_turned_into_a_link_while_root_looks_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example, secret = tmp_path / "example", tmp_path / "secret"
    example.mkdir()
    for path in (example / "envkit.yaml", example / "train.py", secret):
        path.write_text(path.name)
    real = os.open

    def turned(path: Any, flags: int, *mode: int, **inside: Any) -> int:
        if os.path.basename(path) == "train.py":  # noqa: PTH119 - a name in a folder's descriptor
            (example / "train.py").unlink()
            (example / "train.py").symlink_to(secret)
        return real(path, flags, *mode, **inside)

    monkeypatch.setattr(os, "open", turned)
    assert init(tmp_path / "project", owner=OWNER, example=example).result.files == ("envkit.yaml",)
    assert not (tmp_path / "project/train.py").exists()


def test_an_example_that_is_not_there_or_has_no_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, says in (("missing", "cannot be read"), ("empty", "has no envkit.yaml")):
        with pytest.raises(PreconditionError, match=says):
            init(tmp_path / "project", owner=OWNER, example=tmp_path / name)
