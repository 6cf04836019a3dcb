"""Plan a two-way sync of the workspace and its remote copy from both sides and their last common state. Pure.

A change on one side is copied to the other, deletions included. If both sides changed differently, both versions are
kept: the remote one is renamed, so that no change is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

FILE, FOLDER, LINK, OTHER = "f", "d", "l", "o"
STAGING_FOLDER = ".envkit-sync"  # in the root of both sides during a transfer
CONFLICT_SUFFIX = ".conflict-remote"
PATH_MAX, TARGET_MAX = 4096, 4096


class Entry(NamedTuple):
    """An entry of a file tree.

    Attributes:
        kind: `FILE`, `FOLDER`, `LINK`, or `OTHER`, which is skipped.
        size: Size in bytes; 0 unless it is a file.
        modified: Time of the last content change (mtime), in nanoseconds.
        changed: Time of the last change of any kind (ctime), in nanoseconds; programs cannot set it.
        mode: Permissions.
        target: Target of a link.
    """

    kind: str
    size: int = 0
    modified: int = 0
    changed: int = 0
    mode: int = 0
    target: str = ""


EntryPair = tuple[Entry, Entry]


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """Actions of a sync; paths are in a valid order of execution.

    Attributes:
        push: Paths to copy to the remote side.
        pull: Paths to copy from the remote side.
        remove_remote: Paths deleted locally and unchanged on the remote side.
        remove_local: Paths deleted on the remote side and unchanged locally.
        in_sync: Paths that are equal on both sides, each with its local and remote entry.
        conflicts: Remote paths to rename first, each with its new name; then both sides are read again.
        skipped: Paths that are neither a file, a folder nor a link to a target inside the tree.
    """

    push: tuple[str, ...] = ()
    pull: tuple[str, ...] = ()
    remove_remote: tuple[str, ...] = ()
    remove_local: tuple[str, ...] = ()
    in_sync: Mapping[str, EntryPair] = field(default_factory=dict)
    conflicts: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.push or self.pull or self.remove_remote or self.remove_local or self.conflicts)


def is_safe(path: str) -> bool:
    """Check whether a path from an untrusted source stays inside its folder."""
    parts = path.split("/")
    return len(path) <= PATH_MAX and "\0" not in path and not {"", ".", ".."} & set(parts)


def is_safe_link(path: str, target: str) -> bool:
    """Check whether the target of a link is inside the same root folder."""
    if not target or target.startswith("/") or "\0" in target or len(target) > TARGET_MAX:
        return False
    depth = path.count("/")
    for part in target.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return False
    return True


def ambiguous_files(
    local: Mapping[str, Entry], remote: Mapping[str, Entry], baseline: Mapping[str, EntryPair]
) -> tuple[str, ...]:
    """Return the files that changed on both sides; their contents need a comparison."""
    shared_files = (path for path in local if path in remote and local[path].kind == remote[path].kind == FILE)
    return tuple(sorted(path for path in shared_files if all(_changes(path, local, remote, baseline))))


def build_plan(
    local: Mapping[str, Entry],
    remote: Mapping[str, Entry],
    baseline: Mapping[str, EntryPair],
    *,
    identical: Collection[str] = (),
    protected: Collection[str] = (),
) -> SyncPlan:
    """Plan the actions of a sync.

    Args:
        local: Entries of the workspace.
        remote: Entries of its remote copy.
        baseline: Entries that were equal on both sides after the last sync.
        identical: Ambiguous files with equal contents.
        protected: Files that are never pulled: the configuration file, which container code must not change.
    """
    is_blocked = _blocked_check(local, remote)
    conflicts: dict[str, str] = {}
    winners: dict[str, str] = {}
    for path in sorted({*local, *remote, *baseline}):
        if not is_blocked(path):
            winners[path] = _winner(path, local, remote, baseline, identical, protected)
    conflict_paths = {path for path, side in winners.items() if side == "both"}
    conflict_paths |= _type_conflicts(winners, local, remote)
    for path in sorted(conflict_paths):
        if not any(_is_below(path, conflict) for conflict in conflicts):
            conflicts[path] = _unused_path(path, {*local, *remote, *baseline, *conflicts.values()})
    skipped = tuple(
        sorted(
            path
            for path in {*local, *remote}
            if _is_unsupported(path, local.get(path)) or _is_unsupported(path, remote.get(path))
        )
    )
    if conflicts:
        return SyncPlan(conflicts=conflicts, skipped=skipped)
    blocked_pairs = {path: baseline[path] for path in baseline if is_blocked(path)}
    unchanged = {path: (local[path], remote[path]) for path, side in winners.items() if side == "same"}
    return SyncPlan(
        push=_paths_to_copy(winners, "local", local),
        pull=_paths_to_copy(winners, "remote", remote),
        remove_remote=_paths_to_remove(winners, "local", local, remote),
        remove_local=_paths_to_remove(winners, "remote", remote, local),
        in_sync={**blocked_pairs, **unchanged},
        skipped=skipped,
    )


def new_baseline(
    plan: SyncPlan,
    baseline: Mapping[str, EntryPair],
    local: tuple[Mapping[str, Entry], Mapping[str, Entry]],
    remote: tuple[Mapping[str, Entry], Mapping[str, Entry]],
) -> dict[str, EntryPair]:
    """Return the common state after a sync: source entries from before it, target entries from after it.

    A path that changed during the sync keeps its old baseline, so the next sync copies it.

    Args:
        plan: Actions of the sync.
        baseline: Common state before the sync.
        local: Entries of the workspace before and after the sync.
        remote: Entries of the remote copy before and after the sync.
    """
    merged = dict(plan.in_sync)
    for path in (*plan.push, *plan.pull):
        source, other = (local[0], remote[1]) if path in plan.push else (remote[0], local[1])
        if _is_copied(source[path], other.get(path)):
            pair = source[path], other[path]
            merged[path] = pair if path in plan.push else (pair[1], pair[0])
        elif path in baseline:
            merged[path] = baseline[path]
    for path in (*plan.remove_remote, *plan.remove_local):
        remaining = remote[1] if path in plan.remove_remote else local[1]
        if path in remaining and path in baseline:
            merged[path] = baseline[path]
    return merged


def _changes(
    path: str, local: Mapping[str, Entry], remote: Mapping[str, Entry], baseline: Mapping[str, EntryPair]
) -> tuple[bool, bool]:
    old_local, old_remote = baseline.get(path, (None, None))
    return _differs(local.get(path), old_local), _differs(remote.get(path), old_remote)


def _differs(current: Entry | None, previous: Entry | None) -> bool:
    if current is not None and previous is not None and current.kind == previous.kind == FOLDER:
        return False
    return current != previous


def _winner(
    path: str,
    local: Mapping[str, Entry],
    remote: Mapping[str, Entry],
    baseline: Mapping[str, EntryPair],
    identical: Collection[str],
    protected: Collection[str],
) -> str:
    """Return the side whose version wins: `local`, `remote`, `both` for a conflict, `same`, or an empty string."""
    local_entry, remote_entry = local.get(path), remote.get(path)
    local_changed, remote_changed = _changes(path, local, remote, baseline)
    if (local_entry is None and remote_entry is None) or (local_entry is None and path in protected):
        return ""
    if path in protected:
        return "local" if local_changed or remote_changed else "same"
    if local_entry is None or remote_entry is None:  # a deletion wins only over an unchanged entry
        return ("local" if local_changed else "remote") if local_changed != remote_changed else _side_with(path, local)
    if local_changed and remote_changed:
        return "same" if _is_identical(path, local_entry, remote_entry, identical) else "both"
    return "local" if local_changed else ("remote" if remote_changed else "same")


def _is_identical(path: str, local_entry: Entry, remote_entry: Entry, identical: Collection[str]) -> bool:
    if local_entry.kind != remote_entry.kind:
        return False
    return (
        local_entry.kind == FOLDER
        or (local_entry.kind == LINK and local_entry.target == remote_entry.target)
        or path in identical
    )


def _type_conflicts(winners: dict[str, str], local: Mapping[str, Entry], remote: Mapping[str, Entry]) -> set[str]:
    """Return files at paths where the other side needs a folder, and keep folders that are still needed."""
    conflicts = set()
    for path, side in list(winners.items()):
        if side and _entry(side, path, local, remote) is not None:
            for parent in _parents(path):
                parent_entry = _entry(winners.get(parent, ""), parent, local, remote)
                if parent_entry is None:
                    winners[parent] = "same" if parent in local and parent in remote else _side_with(parent, local)
                elif parent_entry.kind != FOLDER:
                    conflicts.add(parent)
    return conflicts


def _side_with(path: str, local: Mapping[str, Entry]) -> str:
    return "local" if path in local else "remote"


def _entry(side: str, path: str, local: Mapping[str, Entry], remote: Mapping[str, Entry]) -> Entry | None:
    if side == "remote":
        return remote.get(path)
    return local.get(path) if side else None


def _paths_to_copy(winners: Mapping[str, str], side: str, source: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return the paths that one side provides, each folder before its contents."""
    return tuple(sorted(path for path, winner in winners.items() if winner == side and path in source))


def _paths_to_remove(
    winners: Mapping[str, str], side: str, source: Mapping[str, Entry], other: Mapping[str, Entry]
) -> tuple[str, ...]:
    """Return the paths that only the other side still has, each folder after its contents."""
    paths = (path for path, winner in winners.items() if winner == side and path not in source and path in other)
    return tuple(sorted(paths, reverse=True))


def _is_copied(source: Entry, current: Entry | None) -> bool:
    if current is None or current.kind != source.kind:
        return False
    if source.kind == FILE:
        return (current.size, current.modified, current.mode) == (source.size, source.modified, source.mode)
    return current.target == source.target


def _is_unsupported(path: str, entry: Entry | None) -> bool:
    return entry is not None and (entry.kind == OTHER or (entry.kind == LINK and not is_safe_link(path, entry.target)))


def _blocked_check(local: Mapping[str, Entry], remote: Mapping[str, Entry]) -> Callable[[str], bool]:
    """Return a predicate for skipped paths: unsupported entries, and entries below them on the other side."""
    unsupported = {path for tree in (local, remote) for path, entry in tree.items() if _is_unsupported(path, entry)}
    return lambda path: path in unsupported or any(parent in unsupported for parent in _parents(path))


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _unused_path(path: str, used: Iterable[str]) -> str:
    used_paths, name, number = set(used), f"{path}{CONFLICT_SUFFIX}", 1
    while name in used_paths or any(_is_below(used_path, name) for used_path in used_paths):
        number += 1
        name = f"{path}{CONFLICT_SUFFIX}-{number}"
    return name
