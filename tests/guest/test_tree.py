"""The sync agent in a real process, on Python 3.8 and the current Python, follows no link."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit.errors import EngineError, PreconditionError
from envkit.observe import sync_sides
from envkit.sync_plan import FILE, FOLDER, LINK, OTHER, STAGING_FOLDER, Entry
from tests.guest.conftest import python_3_8

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.observe.sync_sides import Side

pytestmark = pytest.mark.proves("no path and no link from the container leads out of the workspace", "real")


@pytest.fixture(params=["3.8", "this"])
def side(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
    python = sys.executable if request.param == "this" else python_3_8()
    if python is None:
        pytest.skip("Python 3.8 is not installed")
    monkeypatch.setattr(sys, "executable", python)
    (tmp_path / "top").mkdir()
    return sync_sides.local_side(str(tmp_path / "top"))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "top"


def stage_file(top: Path, path: str, text: str) -> Entry:
    """Create a file in the staging folder like rsync, and return its entry as the other side reports it."""
    path_on_disk = top / STAGING_FOLDER / path
    path_on_disk.parent.mkdir(parents=True, exist_ok=True)
    path_on_disk.write_text(text)
    info = path_on_disk.stat()
    return Entry(FILE, info.st_size, info.st_mtime_ns, 0, 0o640)


def test_every_kind_of_entry_is_reported_without_links(side: Side, top: Path, tmp_path: Path) -> None:
    (top / "d/e").mkdir(parents=True)
    (top / 'd/e/a b\n"c').write_text("12345")
    (top / os.fsdecode(b"caf\xe9")).write_text("latin")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("x")
    (top / "out").symlink_to("../outside")
    os.mkfifo(top / "pipe")
    (top / STAGING_FOLDER).mkdir()
    (top / STAGING_FOLDER / "left").write_text("x")
    identity, tree = side.tree()
    assert identity == f"{top.stat().st_dev}:{top.stat().st_ino}"
    kinds = {path: entry.kind for path, entry in tree.items()}
    assert kinds == {
        "d": FOLDER,
        "d/e": FOLDER,
        'd/e/a b\n"c': FILE,
        os.fsdecode(b"caf\xe9"): FILE,
        "out": LINK,
        "pipe": OTHER,
    }
    assert tree['d/e/a b\n"c'].size == 5
    assert tree["out"].target == "../outside"


def test_files_have_digests_and_links_have_none(side: Side, top: Path) -> None:
    (top / "a").write_text("x")
    (top / "b").write_text("x")
    (top / "l").symlink_to("a")
    digests = side.digests(["a", "b", "l", "gone", "no/where"])
    assert digests["a"] == digests["b"] != ""
    assert digests["l"] == digests["gone"] == digests["no/where"] == ""


def test_a_renamed_entry_replaces_nothing(side: Side, top: Path) -> None:
    (top / "a").write_text("x")
    (top / "b").write_text("y")
    side.rename_paths({"a": "a.conflict-remote"})
    assert (top / "a.conflict-remote").read_text() == "x"
    with pytest.raises(EngineError) as failure:
        side.rename_paths({"b": "a.conflict-remote"})
    assert failure.value.code == "sync-rename-failed"
    assert (top / "b").read_text() == "y"


def test_staged_entries_are_placed_with_their_modes(side: Side, top: Path) -> None:
    (top / "turns").write_text("was a file")
    (top / "was-folder").mkdir()
    before = side.tree()[1]
    side.create_stage()
    entry, other_entry = stage_file(top, "d/new", "text"), stage_file(top, "was-folder", "text")
    folder = Entry(FOLDER, mode=0o750)
    skipped = side.apply_changes(
        [],
        [
            ("d", None, folder),
            ("d/new", None, entry._replace(mode=0o755)),
            ("turns", before["turns"], folder),
            ("was-folder", before["was-folder"], other_entry),
        ],
    )
    assert skipped == ()
    assert (top / "d/new").read_text() == "text"
    assert (top / "d/new").stat().st_mode & 0o7777 == 0o755
    assert (top / "turns").is_dir()
    assert (top / "was-folder").is_file()
    assert not (top / STAGING_FOLDER).exists()


def test_changed_entries_are_neither_replaced_nor_removed(side: Side, top: Path) -> None:
    for name in ("a", "b", "c"):
        (top / name).write_text("seen")
    (top / "full").mkdir()
    before = side.tree()[1]
    (top / "a").write_text("newer")
    (top / "b").write_text("newer")
    (top / "full/new").write_text("x")
    side.create_stage()
    entry, changed_entry = stage_file(top, "a", "came"), stage_file(top, "c", "came")
    removed = [("b", before["b"]), ("full", before["full"])]
    skipped = side.apply_changes(
        removed, [("a", before["a"], entry), ("c", before["c"], changed_entry._replace(modified=1))]
    )
    assert skipped == ("b", "full", "a", "c")
    assert [(top / name).read_text() for name in ("a", "b", "c")] == ["newer", "newer", "seen"]


def test_no_change_is_made_through_a_link(side: Side, top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (top / "out").symlink_to(outside)
    side.create_stage()
    (top / STAGING_FOLDER / "way").symlink_to(outside)
    entry = stage_file(top, "planted", "came")
    (top / STAGING_FOLDER / "out").mkdir()
    (top / STAGING_FOLDER / "planted").rename(top / STAGING_FOLDER / "out/planted")
    kept = Entry(FILE, 1, (outside / "kept").stat().st_mtime_ns, 0, 0o644)
    skipped = side.apply_changes(
        [("out/kept", kept)],
        [
            ("out/planted", None, entry),
            ("out/folder", None, Entry(FOLDER, mode=0o755)),
            ("kept", None, kept),
            ("way/kept", None, kept),
        ],
    )
    assert set(skipped) == {"out/planted", "out/folder", "kept", "way/kept"}
    assert sorted(path.name for path in outside.iterdir()) == ["kept"]


def test_a_linked_staging_folder_keeps_its_target(side: Side, top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (top / STAGING_FOLDER).symlink_to(outside)
    side.create_stage()
    assert (top / STAGING_FOLDER).is_dir()
    assert not (top / STAGING_FOLDER).is_symlink()
    side.remove_stage()
    assert (outside / "kept").exists()


def side_with_output(side: Side, lines: list[str]) -> Side:
    """Return a side whose guest program prints these lines."""
    return replace(side, run=lambda _: lines)


def test_a_missing_workspace_is_reported(side: Side, top: Path) -> None:
    top.rmdir()
    with pytest.raises(PreconditionError) as refusal:
        side.tree()
    assert refusal.value.code == "workspace-unreadable"


def test_an_impossible_path_is_refused(side: Side) -> None:
    for line in (
        '["../x", ["f", 1, 1, 1, 420, ""]]',
        '["/x", ["f", 1, 1, 1, 420, ""]]',
        '["", null]',
        "[",
        "null",
        "[3, 4]",
        "x",
        '["a/../../b", ["d", 0, 1, 1, 493, ""]]',
    ):
        hostile = side_with_output(side, ['["top", "1:1"]', line, '["end", ""]'])
        with pytest.raises(EngineError) as failure:
            hostile.tree()
        assert failure.value.code == "sync-path-invalid", line


def test_an_invalid_entry_is_not_synced(side: Side) -> None:
    cases: tuple[object, ...] = (
        None,
        3,
        [],
        ["f"],
        ["x", 1, 1, 1, 1, ""],
        ["f", "1", 1, 1, 1, ""],
        ["f", 1, 1, 1, 1, None],
        ["f", 1 << 70, 1, 1, 1, ""],
    )
    for fields in cases:
        lines = ['["top", "1:1"]', json.dumps(["a", fields]), '["end", ""]']
        hostile = side_with_output(side, lines)
        assert hostile.tree()[1] == {"a": Entry(OTHER)}, fields


def test_incomplete_output_is_refused(side: Side) -> None:
    cases: tuple[list[str], ...] = (
        [],
        ['["top", ""]'],
        ['["end", ""]'],
        ['["top", ""]', '["a", ["f", 1, 1, 1, 1, ""]]'],
    )
    for lines in cases:
        with pytest.raises(EngineError) as failure:
            side_with_output(side, lines).tree()
        assert failure.value.code == "folder-unreadable", lines
