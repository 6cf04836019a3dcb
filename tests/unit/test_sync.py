"""Two-way sync: changes on one side reach the other, and no content is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import sync_plan
from envkit.sync_plan import FILE, FOLDER, LINK, OTHER, Entry, SyncPlan


@dataclass
class Disk:
    """A fake file tree: each path with its text, or None for a folder, mtime and ctime."""

    clock: int = 0
    entries: dict[str, tuple[str | None, int, int]] = field(default_factory=dict)

    def write(self, path: str, text: str, modified: int = 0) -> None:
        if self.entries.get(path, ("",))[0] is None:
            self.remove(path)
        for parent in reversed(_parents(path)):
            if self.entries.get(parent, ("",))[0] is not None:
                self.entries.pop(parent, None)
                self.folder(parent)
        self.clock += 1
        self.entries[path] = (text, modified or self.clock, self.clock)

    def folder(self, path: str) -> None:
        self.clock += 1
        self.entries[path] = (None, 0, self.clock)

    def remove(self, path: str) -> None:
        for entry in self._tree_below(path):
            del self.entries[entry]

    def rename(self, path: str, new_path: str) -> None:
        assert new_path not in self.entries
        for entry in self._tree_below(path):
            self.clock += 1
            text, modified, _ = self.entries.pop(entry)
            self.entries[new_path + entry.removeprefix(path)] = (text, modified, self.clock)

    def tree(self) -> dict[str, Entry]:
        return {
            path: Entry(FOLDER if text is None else FILE, len(text or ""), modified, changed, 0o644)
            for path, (text, modified, changed) in self.entries.items()
        }

    def texts(self) -> dict[str, str]:
        return {path: text for path, (text, _, _) in self.entries.items() if text is not None}

    def _tree_below(self, path: str) -> list[str]:
        return [entry for entry in self.entries if entry == path or entry.startswith(f"{path}/")]


@dataclass
class Sync:
    """Both sides, and the baseline between two syncs."""

    local: Disk = field(default_factory=lambda: Disk(1000))
    remote: Disk = field(default_factory=lambda: Disk(5000))
    baseline: dict[str, sync_plan.EntryPair] = field(default_factory=dict)
    protected: tuple[str, ...] = ()

    def plan(self) -> SyncPlan:
        local, remote = self.local.tree(), self.remote.tree()
        local_texts, remote_texts = self.local.texts(), self.remote.texts()
        ambiguous = sync_plan.ambiguous_files(local, remote, self.baseline)
        identical = [path for path in ambiguous if local_texts[path] == remote_texts[path]]
        return sync_plan.build_plan(local, remote, self.baseline, identical=identical, protected=self.protected)

    def run(self) -> SyncPlan:
        plan = self.plan()
        while plan.conflicts:
            for path, new_path in plan.conflicts.items():
                self.remote.rename(path, new_path)
            plan = self.plan()
        before = self.local.tree(), self.remote.tree()
        for path in plan.remove_remote:
            _remove(self.remote, path)
        for path in plan.push:
            _copy(self.local, self.remote, path)
        for path in plan.remove_local:
            _remove(self.local, path)
        for path in plan.pull:
            _copy(self.remote, self.local, path)
        after = self.local.tree(), self.remote.tree()
        self.baseline = sync_plan.new_baseline(plan, self.baseline, (before[0], after[0]), (before[1], after[1]))
        return plan


def _remove(disk: Disk, path: str) -> None:
    assert not any(entry.startswith(f"{path}/") for entry in disk.entries), f"{path} is not empty"
    del disk.entries[path]


def _copy(source: Disk, target: Disk, path: str) -> None:
    """Copy like the guest program: the parent folder exists, and a folder with contents is not replaced."""
    assert all(target.entries[parent][0] is None for parent in _parents(path))
    text, modified, _ = source.entries[path]
    if target.entries.get(path, ("",))[0] is None and text is not None:
        _remove(target, path)
    if text is None:
        if target.entries.get(path, ("",))[0] is not None:
            target.folder(path)
    else:
        target.clock += 1
        target.entries[path] = (text, modified, target.clock)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1)]


def synced(*paths: str) -> Sync:
    sync = Sync()
    for path in paths:
        sync.local.write(path, f"first {path}")
    sync.run()
    return sync


def test_everything_is_copied_to_an_empty_side() -> None:
    sync = synced("a", "src/b")
    assert sync.remote.texts() == sync.local.texts() == {"a": "first a", "src/b": "first src/b"}


@pytest.mark.proves("changes in the workspace or in its copy reach the other side, including deletions", "fake")
def test_changes_and_deletions_reach_the_other_side() -> None:
    sync = synced("a", "b", "c", "d/e")
    sync.local.write("a", "local")
    sync.remote.write("b", "remote")
    sync.remote.write("new/f", "created in the container")
    sync.local.remove("c")
    sync.remote.remove("d")
    sync.run()
    assert (
        sync.local.texts() == sync.remote.texts() == {"a": "local", "b": "remote", "new/f": "created in the container"}
    )
    assert "d" not in sync.local.entries


@pytest.mark.proves("if a file changed on both sides, both versions are kept", "fake")
def test_a_conflict_keeps_both_versions() -> None:
    sync = synced("a.py")
    sync.local.write("a.py", "local")
    sync.remote.write("a.py", "remote")
    assert sync.plan().conflicts == {"a.py": "a.py.conflict-remote"}
    sync.run()
    assert sync.local.texts() == sync.remote.texts() == {"a.py": "local", "a.py.conflict-remote": "remote"}
    sync.local.write("a.py", "local again")
    sync.remote.write("a.py", "remote again")
    sync.run()
    assert sync.local.texts()["a.py.conflict-remote-2"] == "remote again"
    assert sync.local.texts()["a.py.conflict-remote"] == "remote"


def test_a_change_wins_over_a_deletion() -> None:
    sync = synced("a", "d/e")
    sync.local.remove("a")
    sync.remote.write("a", "remote")
    sync.remote.remove("d")
    sync.local.write("d/e", "local")
    sync.run()
    assert sync.local.texts() == sync.remote.texts() == {"a": "remote", "d/e": "local"}


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    sync = synced("a")
    sync.local.write("a", "equal")
    sync.remote.write("a", "equal")
    assert not sync.run()


def test_a_changed_file_is_kept_if_it_became_a_folder_elsewhere() -> None:
    for folder_side in ("local", "remote"):
        sync = synced("a")
        folder_disk, file_disk = (sync.local, sync.remote) if folder_side == "local" else (sync.remote, sync.local)
        folder_disk.write("a/inner", "in a folder")
        file_disk.write("a", "changed")
        sync.run()
        assert sync.local.texts() == sync.remote.texts(), folder_side
        assert sorted(sync.local.texts().values()) == ["changed", "in a folder"], folder_side


@pytest.mark.proves("the config is never copied back from the container", "fake")
def test_a_protected_file_is_never_pulled() -> None:
    sync = synced("envkit.yaml", "a")
    sync.protected = ("envkit.yaml", "envkit.lock")
    sync.remote.write("envkit.yaml", "mounts: [{source: /, target: /host}]")
    sync.remote.write("envkit.lock", "planted")
    sync.run()
    assert sync.local.texts() == {"envkit.yaml": "first envkit.yaml", "a": "first a"}
    assert sync.remote.texts()["envkit.yaml"] == "first envkit.yaml"
    sync.remote.remove("envkit.yaml")
    sync.run()
    assert sync.remote.texts()["envkit.yaml"] == sync.local.texts()["envkit.yaml"]


def test_a_lost_remote_copy_deletes_nothing() -> None:
    sync = synced("a", "b")
    sync.remote, sync.baseline = Disk(9000), {}  # a new volume, so the baseline of the lost one does not count
    sync.run()
    assert sync.local.texts() == sync.remote.texts() == {"a": "first a", "b": "first b"}


def test_a_failed_copy_is_retried_by_the_next_sync() -> None:
    sync = synced("a")
    baseline = dict(sync.baseline)
    sync.local.write("a", "local")
    plan, local, remote = sync.plan(), sync.local.tree(), sync.remote.tree()
    sync.baseline = sync_plan.new_baseline(plan, baseline, (local, local), (remote, remote))
    assert sync.plan() == plan


@pytest.mark.proves("no path and no link from the container leads out of the workspace", "fake")
def test_paths_outside_the_workspace_are_unsafe() -> None:
    for path in ("", "/etc/passwd", "..", "a/../b", "a//b", "a/.", "./a", "a\0b", "a" * 5000):
        assert not sync_plan.is_safe(path), path


@pytest.mark.proves("no path and no link from the container leads out of the workspace", "fake")
def test_links_to_targets_outside_the_workspace_are_unsafe() -> None:
    for path, target, expected in [
        ("a", "b", True),
        ("d/a", "../b", True),
        ("d/a", ".", True),
        ("d/e/a", "../../x/../y", True),
        ("a", "/etc/passwd", False),
        ("a", "..", False),
        ("d/a", "../../b", False),
        ("d/a", "x/../../../b", False),
        ("a", "", False),
    ]:
        assert sync_plan.is_safe_link(path, target) is expected, (path, target)


def test_unsupported_entries_are_skipped_with_everything_below() -> None:
    other_side = {"x": Entry(FOLDER), "x/y": Entry(FILE, 1, 1, 1), "z": Entry(FILE, 1, 1, 1)}
    for entry in (Entry(OTHER), Entry(LINK, target="/etc"), Entry(LINK, target="../..")):
        unsupported_side = {"x": entry}
        plan = sync_plan.build_plan(unsupported_side, other_side, {})
        assert plan == SyncPlan(pull=("z",), skipped=("x",)), entry
        plan = sync_plan.build_plan(other_side, unsupported_side, {})
        assert plan == SyncPlan(push=("z",), skipped=("x",)), entry


NAMES = st.sampled_from(["a", "b", "d", "d/a", "d/b", "d/d", "d/d/a", "envkit.yaml"])
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["local", "remote"]),
        st.sampled_from(["write", "folder", "remove"]),
        NAMES,
        st.integers(0, 3),
    ),
    max_size=8,
)


def apply_edits(sync: Sync, edits: list[tuple[str, str, str, int]]) -> None:
    for side, action, path, text in edits:
        disk = sync.local if side == "local" else sync.remote
        if action == "write":
            disk.write(path, f"text {text}")
        elif action == "remove":
            disk.remove(path)
        elif path not in disk.entries and all(disk.entries.get(parent, ("",))[0] is None for parent in _parents(path)):
            disk.folder(path)


@pytest.mark.proves("a sync loses no file that exists on one side only", "fake")
@given(st.lists(EDITS, min_size=1, max_size=4))
def test_random_edits_lose_no_content_and_converge(rounds: list[list[tuple[str, str, str, int]]]) -> None:
    sync = Sync()
    for edits in rounds:
        texts_before = sync.local.texts(), sync.remote.texts()
        apply_edits(sync, edits)
        texts_after = sync.local.texts(), sync.remote.texts()
        sync.run()
        contents = set(sync.local.texts().values())
        for before, after in zip(texts_before, texts_after, strict=True):
            for path, text in after.items():
                if before.get(path) != text:  # written since the last sync, so no other change can replace it
                    assert text in contents, (path, text)
        assert sync.local.texts() == sync.remote.texts()
        assert set(sync.local.entries) == set(sync.remote.entries)
        assert not sync.plan()
