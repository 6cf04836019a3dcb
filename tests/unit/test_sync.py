"""Workspace and copy: what changed on one side goes to the other, and nothing that somebody wrote is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import sync_plan
from envkit.sync_plan import FILE, FOLDER, LINK, OTHER, Entry, SyncPlan


@dataclass
class Disk:
    """A folder that can be changed: paths with a file's text, or None for a folder."""

    clock: int = 0
    held: dict[str, tuple[str | None, int, int]] = field(default_factory=dict)

    def write(self, path: str, text: str, modified: int = 0) -> None:
        if self.held.get(path, ("",))[0] is None:
            self.remove(path)
        for around in reversed(list(_around(path))):
            if self.held.get(around, ("",))[0] is not None:
                self.held.pop(around, None)
                self.folder(around)
        self.clock += 1
        self.held[path] = (text, modified or self.clock, self.clock)

    def folder(self, path: str) -> None:
        self.clock += 1
        self.held[path] = (None, 0, self.clock)

    def remove(self, path: str) -> None:
        for one in [one for one in self.held if one == path or one.startswith(f"{path}/")]:
            del self.held[one]

    def rename(self, path: str, other: str) -> None:
        assert other not in self.held
        for one in [one for one in self.held if one == path or one.startswith(f"{path}/")]:
            self.clock += 1
            text, modified, _ = self.held.pop(one)
            self.held[other + one.removeprefix(path)] = (text, modified, self.clock)

    def tree(self) -> dict[str, Entry]:
        return {
            path: Entry(FOLDER if text is None else FILE, len(text or ""), modified, changed, 0o644)
            for path, (text, modified, changed) in self.held.items()
        }

    def texts(self) -> dict[str, str]:
        return {path: text for path, (text, _, _) in self.held.items() if text is not None}


@dataclass
class World:
    """Both sides, and what is remembered between two syncs."""

    here: Disk = field(default_factory=lambda: Disk(1000))
    there: Disk = field(default_factory=lambda: Disk(5000))
    agreed: dict[str, sync_plan.EntryPair] = field(default_factory=dict)
    guarded: tuple[str, ...] = ()

    def moves(self) -> SyncPlan:
        here, there = self.here.tree(), self.there.tree()
        ours, theirs = self.here.texts(), self.there.texts()
        equal = [path for path in sync_plan.ambiguous_files(here, there, self.agreed) if ours[path] == theirs[path]]
        return sync_plan.build_plan(here, there, self.agreed, identical=equal, protected=self.guarded)

    def sync(self) -> SyncPlan:
        done = self.moves()
        while done.conflicts:
            for path, other in done.conflicts.items():
                self.there.rename(path, other)
            done = self.moves()
        before = self.here.tree(), self.there.tree()
        for path in done.remove_remote:
            _remove(self.there, path)
        for path in done.push:
            _place(self.here, self.there, path)
        for path in done.remove_local:
            _remove(self.here, path)
        for path in done.pull:
            _place(self.there, self.here, path)
        after = self.here.tree(), self.there.tree()
        self.agreed = sync_plan.new_baseline(done, self.agreed, (before[0], after[0]), (before[1], after[1]))
        return done


def _remove(disk: Disk, path: str) -> None:
    assert not any(one.startswith(f"{path}/") for one in disk.held), f"{path} is not empty"
    del disk.held[path]


def _place(source: Disk, target: Disk, path: str) -> None:
    """Place as the guest program does: a folder around it is there, and no folder with anything in it goes."""
    assert all(target.held[around][0] is None for around in _around(path))
    text, modified, _ = source.held[path]
    if target.held.get(path, ("",))[0] is None and text is not None:
        _remove(target, path)
    if text is None:
        if target.held.get(path, ("",))[0] is not None:
            target.folder(path)
    else:
        target.clock += 1
        target.held[path] = (text, modified, target.clock)


def _around(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1)]


def world(*paths: str) -> World:
    made = World()
    for path in paths:
        made.here.write(path, f"first {path}")
    made.sync()
    return made


def test_everything_goes_to_an_empty_copy() -> None:
    made = world("a", "src/b")
    assert made.there.texts() == made.here.texts() == {"a": "first a", "src/b": "first src/b"}


@pytest.mark.proves("what changed in the workspace or in its copy reaches the other side, deletions too", "fake")
def test_what_changed_on_one_side_reaches_the_other_and_so_does_what_was_deleted() -> None:
    made = world("a", "b", "c", "d/e")
    made.here.write("a", "mine")
    made.there.write("b", "theirs")
    made.there.write("new/f", "made inside")
    made.here.remove("c")
    made.there.remove("d")
    made.sync()
    assert made.here.texts() == made.there.texts() == {"a": "mine", "b": "theirs", "new/f": "made inside"}
    assert "d" not in made.here.held


@pytest.mark.proves("what changed on both sides is kept twice", "fake")
def test_what_changed_on_both_sides_is_kept_twice() -> None:
    made = world("a.py")
    made.here.write("a.py", "mine")
    made.there.write("a.py", "theirs")
    assert made.moves().conflicts == {"a.py": "a.py.conflict-remote"}
    made.sync()
    assert made.here.texts() == made.there.texts() == {"a.py": "mine", "a.py.conflict-remote": "theirs"}
    made.here.write("a.py", "mine again")
    made.there.write("a.py", "theirs again")
    made.sync()
    assert made.here.texts()["a.py.conflict-remote-2"] == "theirs again"
    assert made.here.texts()["a.py.conflict-remote"] == "theirs"


def test_what_was_deleted_on_one_side_and_changed_on_the_other_stays() -> None:
    made = world("a", "d/e")
    made.here.remove("a")
    made.there.write("a", "theirs")
    made.there.remove("d")
    made.here.write("d/e", "mine")
    made.sync()
    assert made.here.texts() == made.there.texts() == {"a": "theirs", "d/e": "mine"}


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    made = world("a")
    made.here.write("a", "equal")
    made.there.write("a", "equal")
    assert not made.sync()


@pytest.mark.parametrize("turned", ["here", "there"])
def test_a_file_that_became_a_folder_elsewhere_while_it_was_changed_is_kept(turned: str) -> None:
    made = world("a")
    one, other = (made.here, made.there) if turned == "here" else (made.there, made.here)
    one.write("a/inner", "in a folder")
    other.write("a", "changed")
    made.sync()
    assert made.here.texts() == made.there.texts()
    assert sorted(made.here.texts().values()) == ["changed", "in a folder"]


@pytest.mark.proves("the config never comes back from inside", "fake")
def test_a_guarded_file_never_comes_back() -> None:
    made = world("envkit.yaml", "a")
    made.guarded = ("envkit.yaml", "envkit.lock")
    made.there.write("envkit.yaml", "mounts: [{source: /, target: /host}]")
    made.there.write("envkit.lock", "planted")
    made.sync()
    assert made.here.texts() == {"envkit.yaml": "first envkit.yaml", "a": "first a"}
    assert made.there.texts()["envkit.yaml"] == "first envkit.yaml"
    made.there.remove("envkit.yaml")
    made.sync()
    assert made.there.texts()["envkit.yaml"] == made.here.texts()["envkit.yaml"]


def test_a_lost_copy_deletes_nothing() -> None:
    made = world("a", "b")
    made.there, made.agreed = Disk(9000), {}  # another volume: what was agreed was of the lost one
    made.sync()
    assert made.here.texts() == made.there.texts() == {"a": "first a", "b": "first b"}


def test_what_could_not_be_placed_is_tried_the_next_time() -> None:
    made = world("a")
    before = dict(made.agreed)
    made.here.write("a", "mine")
    done, here, there = made.moves(), made.here.tree(), made.there.tree()
    made.agreed = sync_plan.new_baseline(done, before, (here, here), (there, there))
    assert made.moves() == done


@pytest.mark.proves("no path and no link from inside leads out of the workspace", "fake")
@pytest.mark.parametrize("path", ["", "/etc/passwd", "..", "a/../b", "a//b", "a/.", "./a", "a\0b", "a" * 5000])
def test_a_path_that_leads_out_is_not_safe(path: str) -> None:
    assert not sync_plan.is_safe(path)


@pytest.mark.proves("no path and no link from inside leads out of the workspace", "fake")
@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("a", "b", True),
        ("d/a", "../b", True),
        ("d/a", ".", True),
        ("d/e/a", "../../x/../y", True),
        ("a", "/etc/passwd", False),
        ("a", "..", False),
        ("d/a", "../../b", False),
        ("d/a", "x/../../../b", False),
        ("a", "", False),
    ],
)
def test_a_link_stays_below_the_top_or_not(path: str, target: str, *, expected: bool) -> None:
    assert sync_plan.is_safe_link(path, target) is expected


@pytest.mark.parametrize("odd", [Entry(OTHER), Entry(LINK, target="/etc"), Entry(LINK, target="../..")])
@pytest.mark.parametrize("mine", [True, False])
def test_what_is_no_file_or_leads_out_is_left_alone_on_both_sides_with_all_behind_it(odd: Entry, *, mine: bool) -> None:
    odd_side, other = {"x": odd}, {"x": Entry(FOLDER), "x/y": Entry(FILE, 1, 1, 1), "z": Entry(FILE, 1, 1, 1)}
    done = sync_plan.build_plan(odd_side, other, {}) if mine else sync_plan.build_plan(other, odd_side, {})
    assert (done.pull if mine else done.push) == ("z",)
    assert not (done.push if mine else done.pull)
    assert not done.remove_local
    assert not done.remove_remote
    assert done.skipped == ("x",)


NAMES = st.sampled_from(["a", "b", "d", "d/a", "d/b", "d/d", "d/d/a", "envkit.yaml"])
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["here", "there"]),
        st.sampled_from(["write", "folder", "remove"]),
        NAMES,
        st.integers(0, 3),
    ),
    max_size=8,
)


def edited(made: World, edits: list[tuple[str, str, str, int]]) -> None:
    for side, deed, path, text in edits:
        disk = made.here if side == "here" else made.there
        if deed == "write":
            disk.write(path, f"text {text}")
        elif deed == "remove":
            disk.remove(path)
        elif path not in disk.held and all(disk.held.get(one, ("",))[0] is None for one in _around(path)):
            disk.folder(path)


@pytest.mark.proves("a sync loses nothing that only one side had", "fake")
@given(st.lists(EDITS, min_size=1, max_size=4))
def test_no_content_is_lost_that_the_other_side_did_not_replace_and_a_second_sync_does_nothing(
    rounds: list[list[tuple[str, str, str, int]]],
) -> None:
    made = World()
    for edits in rounds:
        was = made.here.texts(), made.there.texts()
        edited(made, edits)
        now = made.here.texts(), made.there.texts()
        made.sync()
        left = set(made.here.texts().values())
        for before, after in zip(was, now, strict=True):
            for path, text in after.items():
                if before.get(path) != text:  # written since the last time: nobody else can have meant to replace it
                    assert text in left, (path, text)
        assert made.here.texts() == made.there.texts()
        assert set(made.here.held) == set(made.there.held)
        assert not made.moves()
