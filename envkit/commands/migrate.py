"""`migrate`: standalone Keras to `tf.keras`, file by file; nothing is changed unless that is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from envkit.commands import ported, sources, workers
from envkit.commands.ported import Job
from envkit.errors import Exit, Refusal
from envkit.migrate import file
from envkit.migrate.outcome import Kind
from envkit.model.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from envkit.commands.ported import Ported
    from envkit.commands.sources import Source

    Seen = Callable[[int, Callable[[], int]], None]

# What keeps code from running; the rest is to be known, and stays true for ever.
TO_DO = {Kind.REVIEW, Kind.IMPOSSIBLE, Kind.UNRESOLVED}


@dataclass(frozen=True, slots=True)
class Migrated:
    """What came of all files.

    Attributes:
        release: Of TensorFlow, that was aimed at.
        looked: How many files were looked at.
        wrote: Whether changes were written.
        files: Those of which there is something to tell.
    """

    release: str
    looked: int
    wrote: bool
    files: tuple[Ported, ...]


def migrate(
    paths: Sequence[Path], job: Job, *, write: bool = False, check: bool = False, tell: Callable[[Ported], None],
    seen: Seen,
) -> Report[Migrated]:
    """Migrate files, and those below folders.

    Args:
        paths: Files and folders.
        job: What is done to each file.
        write: Whether files are changed.
        check: Whether it is a failed check that something is left to do.
        tell: Gets what came of each file, as it comes.
        seen: Gets how many files were seen, and what counts all of them.

    Raises:
        Refusal: A path is none to look at.
    """
    told, looked = [], Counter[str]()
    found = _worth_a_look(paths, sources.gather(paths), looked, seen)
    for made in workers.each(found, partial(ported.port, job=job), lost=ported.lost):
        one = ported.written(made) if write and made.before else made
        if not one.is_silent:
            tell(one)
            told.append(replace(one, diff="", content=b""))
    result = Migrated(job.release, looked.total(), write, tuple(told))
    return Report("migrate", " ".join(map(str, paths)), result, exit_code=_exit_code(told, check=check))


def _worth_a_look(
    paths: Sequence[Path], found: Iterable[Source], looked: Counter[str], seen: Seen
) -> Iterator[Source]:
    for one in found:
        looked[one.path.suffix] += 1
        seen(looked.total(), lambda: sum(1 for _ in sources.gather(paths)))
        if ported.mentions(one):
            from envkit.migrate import transform  # noqa: F401 - loaded before the first fork, so that each has it

            yield one


def _exit_code(told: Sequence[Ported], *, check: bool) -> Exit:
    if any(one.left for one in told):
        return Exit.UNREADABLE
    todo = any(one.rewrites or any(note.kind in TO_DO for note in one.notes) for one in told)
    return Exit.CHECK_FAILED if check and todo else Exit.OK


def job(release: str, off: Sequence[str], *, compare: bool, by_cell: bool = False) -> Job:
    """Return what is to be done to every file.

    Args:
        release: Of TensorFlow.
        off: Rules that are switched off.
        compare: Whether what changes is to be shown.
        by_cell: Whether that of a notebook is shown by its cells, and not by its file's lines.

    Raises:
        Refusal: The release, or a rule, is not known.
    """
    from envkit.migrate import api, code
    from envkit.migrate.rules.table import TABLE

    target = api.load(release)
    unknown = sorted(set(off) - {*file.RULES, *TABLE})
    if unknown:
        raise Refusal(f"there is no rule {unknown[0]}", mend="take the id that stands in brackets behind a note")
    switched = frozenset(off)
    return Job(partial(code.migrate, api=target, off=switched), release, switched, compare=compare, by_cell=by_cell)
