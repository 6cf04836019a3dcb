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
STAGE = ".envkit-sync"  # at the top of both, while files are on their way
ASIDE = ".conflict-remote"
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


Agreed = tuple[Entry, Entry]


@dataclass(frozen=True, slots=True)
class Moves:
    """What has to be done, paths in an order in which it can be.

    Attributes:
        push: To be copied to the other side.
        pull: To be copied from there.
        remove_there: Deleted here, and unchanged there.
        remove_here: Deleted there, and unchanged here.
        agreed: What is the same on both sides, as it is on each.
        aside: What has to be set aside on the other side first, to which names; then everything is looked at again.
        left: What is neither copied nor touched, being no file, folder or link that stays inside.
    """

    push: tuple[str, ...] = ()
    pull: tuple[str, ...] = ()
    remove_there: tuple[str, ...] = ()
    remove_here: tuple[str, ...] = ()
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.push or self.pull or self.remove_there or self.remove_here or self.aside)


def is_safe(path: str) -> bool:
    """Say whether a path stays below the folder it is told for; whoever told it may be hostile."""
    parts = path.split("/")
    return len(path) <= PATH_MAX and "\0" not in path and not {"", ".", ".."} & set(parts)


def stays(path: str, target: str) -> bool:
    """Say whether a link at a path leads to somewhere below the same top folder."""
    if not target or target.startswith("/") or "\0" in target or len(target) > TARGET_MAX:
        return False
    depth = path.count("/")
    for part in target.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return False
    return True


def doubtful(here: Mapping[str, Entry], there: Mapping[str, Entry], agreed: Mapping[str, Agreed]) -> tuple[str, ...]:
    """Return the files that changed on both sides, so that their contents have to be compared."""
    both = (path for path in here if path in there and here[path].kind == there[path].kind == FILE)
    return tuple(sorted(path for path in both if all(_changes(path, here, there, agreed))))


def moves(
    here: Mapping[str, Entry], there: Mapping[str, Entry], agreed: Mapping[str, Agreed], *,
    equal: Collection[str] = (), guarded: Collection[str] = (),
) -> Moves:
    """Decide what has to be copied.

    Args:
        here: The workspace.
        there: Its copy.
        agreed: What was the same on both sides when they last agreed.
        equal: Of the doubtful files, those whose contents are the same.
        guarded: Files that never come back: the config, which nobody inside may change.
    """
    blocked = _blocked(here, there)
    aside: dict[str, str] = {}
    wins: dict[str, str] = {}
    for path in sorted({*here, *there, *agreed}):
        if not blocked(path):
            wins[path] = _winner(path, here, there, agreed, equal, guarded)
    clashes = {path for path, side in wins.items() if side == "both"}
    clashes |= _misplaced(wins, here, there)
    for path in sorted(clashes):
        if not any(_is_below(path, other) for other in aside):
            aside[path] = _free(path, {*here, *there, *agreed, *aside.values()})
    left = tuple(sorted(path for path in {*here, *there} if _odd(path, here.get(path)) or _odd(path, there.get(path))))
    if aside:
        return Moves(aside=aside, left=left)
    kept = {path: agreed[path] for path in agreed if blocked(path)}
    same = {path: (here[path], there[path]) for path, side in wins.items() if side == "same"}
    return Moves(
        push=_chosen(wins, "here", here), pull=_chosen(wins, "there", there),
        remove_there=_gone(wins, "here", here, there), remove_here=_gone(wins, "there", there, here),
        agreed={**kept, **same}, left=left,
    )


def settled(
    done: Moves, before: Mapping[str, Agreed], here: tuple[Mapping[str, Entry], Mapping[str, Entry]],
    there: tuple[Mapping[str, Entry], Mapping[str, Entry]],
) -> dict[str, Agreed]:
    """Return what is agreed after moves were made: of the source as it was before them, of the other as it is now.

    What did not arrive, because somebody wrote meanwhile, stays as it was agreed before: the next time sees it.

    Args:
        done: The moves.
        before: What was agreed before them.
        here: The workspace before and after.
        there: The copy before and after.
    """
    found = dict(done.agreed)
    for path in (*done.push, *done.pull):
        source, other = (here[0], there[1]) if path in done.push else (there[0], here[1])
        if _arrived(source[path], other.get(path)):
            pair = source[path], other[path]
            found[path] = pair if path in done.push else (pair[1], pair[0])
        elif path in before:
            found[path] = before[path]
    for path in (*done.remove_there, *done.remove_here):
        after = there[1] if path in done.remove_there else here[1]
        if path in after and path in before:
            found[path] = before[path]
    return found


def _changes(
    path: str, here: Mapping[str, Entry], there: Mapping[str, Entry], agreed: Mapping[str, Agreed]
) -> tuple[bool, bool]:
    was_here, was_there = agreed.get(path, (None, None))
    return _differs(here.get(path), was_here), _differs(there.get(path), was_there)


def _differs(now: Entry | None, before: Entry | None) -> bool:
    if now is not None and before is not None and now.kind == before.kind == FOLDER:
        return False
    return now != before


def _winner(
    path: str, here: Mapping[str, Entry], there: Mapping[str, Entry], agreed: Mapping[str, Agreed],
    equal: Collection[str], guarded: Collection[str],
) -> str:
    """Return whose version counts: `here`, `there`, `both` for a conflict, `same` for either, or nothing."""
    own, other = here.get(path), there.get(path)
    new_here, new_there = _changes(path, here, there, agreed)
    if (own is None and other is None) or (own is None and path in guarded):
        return ""
    if path in guarded:
        return "here" if new_here or new_there else "same"
    if own is None or other is None:  # what was deleted on one side goes, if nobody changed it on the other
        return ("here" if new_here else "there") if new_here != new_there else _holder(path, here)
    if new_here and new_there:
        return "same" if _same(path, own, other, equal) else "both"
    return "here" if new_here else ("there" if new_there else "same")


def _same(path: str, own: Entry, other: Entry, equal: Collection[str]) -> bool:
    if own.kind != other.kind:
        return False
    return own.kind == FOLDER or (own.kind == LINK and own.target == other.target) or path in equal


def _misplaced(wins: dict[str, str], here: Mapping[str, Entry], there: Mapping[str, Entry]) -> set[str]:
    """Return files that stand where the other side needs a folder; a folder that is still needed is kept."""
    found = set()
    for path, side in list(wins.items()):
        if side and _entry(side, path, here, there) is not None:
            for around in _around(path):
                kept = _entry(wins.get(around, ""), around, here, there)
                if kept is None:
                    wins[around] = "same" if around in here and around in there else _holder(around, here)
                elif kept.kind != FOLDER:
                    found.add(around)
    return found


def _holder(path: str, here: Mapping[str, Entry]) -> str:
    return "here" if path in here else "there"


def _entry(side: str, path: str, here: Mapping[str, Entry], there: Mapping[str, Entry]) -> Entry | None:
    if side == "there":
        return there.get(path)
    return here.get(path) if side else None


def _chosen(wins: Mapping[str, str], side: str, source: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return what one side gives, each folder before what is in it."""
    return tuple(sorted(path for path, winner in wins.items() if winner == side and path in source))


def _gone(
    wins: Mapping[str, str], side: str, source: Mapping[str, Entry], other: Mapping[str, Entry]
) -> tuple[str, ...]:
    """Return what one side has no longer and the other still has, each folder after what is in it."""
    paths = (path for path, winner in wins.items() if winner == side and path not in source and path in other)
    return tuple(sorted(paths, reverse=True))


def _arrived(source: Entry, now: Entry | None) -> bool:
    if now is None or now.kind != source.kind:
        return False
    if source.kind == FILE:
        return (now.size, now.modified, now.mode) == (source.size, source.modified, source.mode)
    return now.target == source.target


def _odd(path: str, entry: Entry | None) -> bool:
    return entry is not None and (entry.kind == OTHER or (entry.kind == LINK and not stays(path, entry.target)))


def _blocked(here: Mapping[str, Entry], there: Mapping[str, Entry]) -> Callable[[str], bool]:
    """Return what says whether a path is left alone: odd things, and what lies behind them on the other side."""
    odd = {path for tree in (here, there) for path, entry in tree.items() if _odd(path, entry)}
    return lambda path: path in odd or any(around in odd for around in _around(path))


def _around(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _is_below(path: str, other: str) -> bool:
    return path.startswith(f"{other}/")


def _free(path: str, taken: Iterable[str]) -> str:
    known, name, number = set(taken), f"{path}{ASIDE}", 1
    while name in known or any(_is_below(one, name) for one in known):
        number += 1
        name = f"{path}{ASIDE}-{number}"
    return name
