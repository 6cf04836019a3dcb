"""The program behind `envkit sync` as a real process, on Python 3.8 and on this one: it follows no link."""

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

pytestmark = pytest.mark.proves("no path and no link from inside leads out of the workspace", "real")


@pytest.fixture(params=["3.8", "this"])
def side(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
    python = sys.executable if request.param == "this" else python_3_8()
    if python is None:
        pytest.skip("no Python 3.8 here")
    monkeypatch.setattr(sys, "executable", python)
    (tmp_path / "top").mkdir()
    return sync_sides.local_side(str(tmp_path / "top"))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "top"


def staged(top: Path, path: str, text: str) -> Entry:
    """Put a file where rsync would, and return it as the other side tells of it."""
    place = top / STAGING_FOLDER / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    found = place.stat()
    return Entry(FILE, found.st_size, found.st_mtime_ns, 0, 0o640)


def test_every_kind_is_told_as_what_it_is_and_no_link_is_entered(side: Side, top: Path, tmp_path: Path) -> None:
    (top / "d/e").mkdir(parents=True)
    (top / 'd/e/a b\n"c').write_text("12345")
    (top / os.fsdecode(b"caf\xe9")).write_text("latin")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("x")
    (top / "out").symlink_to("../outside")
    os.mkfifo(top / "pipe")
    (top / STAGING_FOLDER).mkdir()
    (top / STAGING_FOLDER / "left").write_text("x")
    which, tree = side.tree()
    assert which == f"{top.stat().st_dev}:{top.stat().st_ino}"
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


def test_files_are_compared_by_content_and_a_link_has_none(side: Side, top: Path) -> None:
    (top / "a").write_text("x")
    (top / "b").write_text("x")
    (top / "l").symlink_to("a")
    found = side.digests(["a", "b", "l", "gone", "no/where"])
    assert found["a"] == found["b"] != ""
    assert found["l"] == found["gone"] == found["no/where"] == ""


def test_what_is_set_aside_takes_nobodys_place(side: Side, top: Path) -> None:
    (top / "a").write_text("x")
    (top / "b").write_text("y")
    side.rename_paths({"a": "a.conflict-remote"})
    assert (top / "a.conflict-remote").read_text() == "x"
    with pytest.raises(EngineError, match="could not be renamed"):
        side.rename_paths({"b": "a.conflict-remote"})
    assert (top / "b").read_text() == "y"


def test_what_came_is_placed_with_its_mode_and_the_stage_goes(side: Side, top: Path) -> None:
    (top / "turns").write_text("was a file")
    (top / "was-folder").mkdir()
    before = side.tree()[1]
    side.create_stage()
    entry, other = staged(top, "d/new", "text"), staged(top, "was-folder", "text")
    folder = Entry(FOLDER, mode=0o750)
    missed = side.apply_changes(
        [],
        [
            ("d", None, folder),
            ("d/new", None, entry._replace(mode=0o755)),
            ("turns", before["turns"], folder),
            ("was-folder", before["was-folder"], other),
        ],
    )
    assert missed == ()
    assert (top / "d/new").read_text() == "text"
    assert (top / "d/new").stat().st_mode & 0o7777 == 0o755
    assert (top / "turns").is_dir()
    assert (top / "was-folder").is_file()
    assert not (top / STAGING_FOLDER).exists()


def test_what_changed_meanwhile_is_neither_replaced_nor_removed(side: Side, top: Path) -> None:
    for name in ("a", "b", "c"):
        (top / name).write_text("seen")
    (top / "full").mkdir()
    before = side.tree()[1]
    (top / "a").write_text("newer")
    (top / "b").write_text("newer")
    (top / "full/new").write_text("x")
    side.create_stage()
    entry, late = staged(top, "a", "came"), staged(top, "c", "came")
    removed = [("b", before["b"]), ("full", before["full"])]
    missed = side.apply_changes(removed, [("a", before["a"], entry), ("c", before["c"], late._replace(modified=1))])
    assert missed == ("b", "full", "a", "c")
    assert [(top / name).read_text() for name in ("a", "b", "c")] == ["newer", "newer", "seen"]


def test_nothing_is_written_removed_or_made_through_a_link(side: Side, top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (top / "out").symlink_to(outside)
    side.create_stage()
    (top / STAGING_FOLDER / "way").symlink_to(outside)
    entry = staged(top, "planted", "came")
    (top / STAGING_FOLDER / "out").mkdir()
    (top / STAGING_FOLDER / "planted").rename(top / STAGING_FOLDER / "out/planted")
    kept = Entry(FILE, 1, (outside / "kept").stat().st_mtime_ns, 0, 0o644)
    missed = side.apply_changes(
        [("out/kept", kept)],
        [
            ("out/planted", None, entry),
            ("out/folder", None, Entry(FOLDER, mode=0o755)),
            ("kept", None, kept),
            ("way/kept", None, kept),
        ],
    )
    assert set(missed) == {"out/planted", "out/folder", "kept", "way/kept"}
    assert sorted(one.name for one in outside.iterdir()) == ["kept"]


def test_a_stage_that_is_a_link_is_taken_away_and_not_what_it_leads_to(side: Side, top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (top / STAGING_FOLDER).symlink_to(outside)
    side.create_stage()
    assert (top / STAGING_FOLDER).is_dir()
    assert not (top / STAGING_FOLDER).is_symlink()
    side.remove_stage()
    assert (outside / "kept").exists()


def test_a_workspace_that_is_gone_is_told(side: Side, top: Path) -> None:
    top.rmdir()
    with pytest.raises(PreconditionError, match="could not be looked at"):
        side.tree()


@pytest.mark.parametrize(
    "line",
    [
        '["../x", ["f", 1, 1, 1, 420, ""]]',
        '["/x", ["f", 1, 1, 1, 420, ""]]',
        '["", null]',
        "[",
        "null",
        "[3, 4]",
        "x",
        '["a/../../b", ["d", 0, 1, 1, 493, ""]]',
    ],
)
def test_a_path_that_nobody_can_have_ends_it(side: Side, line: str) -> None:
    hostile = replace(side, run=lambda _: ['["top", "1:1"]', line, '["end", ""]'])
    with pytest.raises(EngineError, match="a path that no file can have"):
        hostile.tree()


@pytest.mark.parametrize(
    "given",
    [
        None,
        3,
        [],
        ["f"],
        ["x", 1, 1, 1, 1, ""],
        ["f", "1", 1, 1, 1, ""],
        ["f", 1, 1, 1, 1, None],
        ["f", 1 << 70, 1, 1, 1, ""],
    ],
)
def test_what_is_no_entry_is_left_alone(side: Side, given: object) -> None:
    hostile = replace(side, run=lambda _: ['["top", "1:1"]', json.dumps(["a", given]), '["end", ""]'])
    assert hostile.tree()[1] == {"a": Entry(OTHER)}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ['["top", ""]'],
        ['["end", ""]'],
        ['["top", ""]', '["a", ["f", 1, 1, 1, 1, ""]]'],
    ],
)
def test_a_look_that_was_cut_off_counts_for_nothing(side: Side, lines: list[str]) -> None:
    with pytest.raises(EngineError, match="could not be looked at"):
        replace(side, run=lambda _: lines).tree()
