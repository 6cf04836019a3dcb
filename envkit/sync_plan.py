"""Workspace, its copy, and how both were when they last agreed -> what has to be copied which way. Pure.

What changed on one side goes to the other, deletions included. What changed on both sides, and is not the same, stays
on both: the copy's version is set aside under a name of its own, so that nothing anybody wrote is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

FILE, FOLDER, LINK, OTHER = "f", "d", "l", "o"
STAGING_FOLDER = ".envkit-sync"  # at the top of both, while files are on their way
CONFLICT_SUFFIX = ".conflict-remote"
PATH_MAX, TARGET_MAX = 4096, 4096


class Entry(NamedTuple):
    """What lies at a path.

    Attributes:
        kind: A file, a folder, a link, or something else, which is left alone.
        size: In bytes; 0 for what is no file.
        modified: When its content was changed last, in nanoseconds.
        changed: When anything of it was, which nobody can set.
        mode: Its permissions.
        target: What a link leads to.
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
    """What has to be done, paths in an order in which it can be.

    Attributes:
        push: To be copied to the other side.
        pull: To be copied from there.
        remove_remote: Deleted here, and unchanged there.
        remove_local: Deleted there, and unchanged here.
        in_sync: What is the same on both sides, as it is on each.
        conflicts: What has to be set aside on the other side first, to which names; then everything is looked at again.
        skipped: What is neither copied nor touched, being no file, folder or link that stays inside.
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
    """Say whether a path stays below the folder it is told for; whoever told it may be hostile."""
    parts = path.split("/")
    return len(path) <= PATH_MAX and "\0" not in path and not {"", ".", ".."} & set(parts)


def is_safe_link(path: str, target: str) -> bool:
    """Say whether a link at a path leads to somewhere below the same top folder."""
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
    """Return the files that changed on both sides, so that their contents have to be compared."""
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
    """Decide what has to be copied.

    Args:
        local: The workspace.
        remote: Its copy.
        baseline: What was the same on both sides when they last agreed.
        identical: Of the doubtful files, those whose contents are the same.
        protected: Files that never come back: the config, which nobody inside may change.
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
        push=_paths_to_copy(winners, "here", local),
        pull=_paths_to_copy(winners, "there", remote),
        remove_remote=_paths_to_remove(winners, "here", local, remote),
        remove_local=_paths_to_remove(winners, "there", remote, local),
        in_sync={**blocked_pairs, **unchanged},
        skipped=skipped,
    )


def new_baseline(
    plan: SyncPlan,
    baseline: Mapping[str, EntryPair],
    local: tuple[Mapping[str, Entry], Mapping[str, Entry]],
    remote: tuple[Mapping[str, Entry], Mapping[str, Entry]],
) -> dict[str, EntryPair]:
    """Return what is agreed after moves were made: of the source as it was before them, of the other as it is now.

    What did not arrive, because somebody wrote meanwhile, stays as it was agreed before: the next time sees it.

    Args:
        plan: The moves.
        baseline: What was agreed before them.
        local: The workspace before and after.
        remote: The copy before and after.
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
    """Return whose version counts: `local`, `remote`, `both` for a conflict, `same` for either, or nothing."""
    local_entry, remote_entry = local.get(path), remote.get(path)
    local_changed, remote_changed = _changes(path, local, remote, baseline)
    if (local_entry is None and remote_entry is None) or (local_entry is None and path in protected):
        return ""
    if path in protected:
        return "here" if local_changed or remote_changed else "same"
    if (
        local_entry is None or remote_entry is None
    ):  # what was deleted on one side goes, if nobody changed it on the other
        return ("here" if local_changed else "there") if local_changed != remote_changed else _side_with(path, local)
    if local_changed and remote_changed:
        return "same" if _is_identical(path, local_entry, remote_entry, identical) else "both"
    return "here" if local_changed else ("there" if remote_changed else "same")


def _is_identical(path: str, local_entry: Entry, remote_entry: Entry, identical: Collection[str]) -> bool:
    if local_entry.kind != remote_entry.kind:
        return False
    return (
        local_entry.kind == FOLDER
        or (local_entry.kind == LINK and local_entry.target == remote_entry.target)
        or path in identical
    )


def _type_conflicts(winners: dict[str, str], local: Mapping[str, Entry], remote: Mapping[str, Entry]) -> set[str]:
    """Return files that stand where the other side needs a folder; a folder that is still needed is kept."""
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
    return "here" if path in local else "there"


def _entry(side: str, path: str, local: Mapping[str, Entry], remote: Mapping[str, Entry]) -> Entry | None:
    if side == "there":
        return remote.get(path)
    return local.get(path) if side else None


def _paths_to_copy(winners: Mapping[str, str], side: str, source: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return what one side gives, each folder before what is in it."""
    return tuple(sorted(path for path, winner in winners.items() if winner == side and path in source))


def _paths_to_remove(
    winners: Mapping[str, str], side: str, source: Mapping[str, Entry], other: Mapping[str, Entry]
) -> tuple[str, ...]:
    """Return what one side has no longer and the other still has, each folder after what is in it."""
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
    """Return what says whether a path is left alone: odd things, and what lies behind them on the other side."""
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
