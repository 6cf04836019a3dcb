"""Files on their way between a workspace and its copy: to a stage by rsync over SSH, from there to their places."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from envkit import files, names, proc
from envkit import sync as rules
from envkit.errors import EngineError, EnvkitError, Refusal
from envkit.render import ssh_config
from envkit.sync import STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.commands.project import Known
    from envkit.observe.trees import Side
    from envkit.sync import Entry, Moves

    Trees = tuple[dict[str, Entry], dict[str, Entry]]

# Nothing but files and links, with their times and modes; no link that leads out, and no file that is none.
OPTIONS = ("-lptR", "--from0", "--safe-links", "--no-devices", "--no-specials", "--whole-file", "--timeout=300")
VANISHED = {23, 24}  # rsync's: some files went, or cannot be read; the next look sees that



def tools() -> tuple[str, str]:
    """Return rsync and the SSH client.

    Raises:
        Refusal: One of them is not here.
    """
    program, client = proc.which("rsync"), proc.which("ssh")
    if program is None or client is None:
        raise Refusal(
            "to another machine's engine the workspace is copied by rsync over SSH, and this host lacks one of them",
            mend="sudo apt-get install rsync openssh-client",
        )
    return program, client


def carry(known: Known, moves: Moves, sides: tuple[Side, Side], seen: Trees) -> tuple[str, ...]:
    """Bring what is to be placed to the stage of each side, and then all of it to its place.

    Args:
        known: The environment.
        moves: What goes where.
        sides: The workspace here, and its copy there.
        seen: What each of them held when the moves were decided.

    Returns:
        Paths that changed meanwhile and were left as they are.

    Raises:
        EngineError: It could not be copied.
        Refusal: There is no rsync on this machine.
    """
    (here, there), (own, copy) = sides, seen
    missed: list[str] = []
    for side, gone, came, now, source in (
        (there, moves.remove_there, moves.push, copy, own), (here, moves.remove_here, moves.pull, own, copy),
    ):
        if gone or came:
            with _staged(side):
                _rsync(known, [one for one in came if source[one].kind != rules.FOLDER], push=side is there)
                removed = [(path, now[path]) for path in gone]
                missed += side.change(removed, [(path, now.get(path), source[path]) for path in came])
    return tuple(missed)


@contextmanager
def _staged(side: Side) -> Iterator[None]:
    """Have the stage of a side while the body runs, and leave nothing of it when that fails."""
    side.stage()
    try:
        yield
    except BaseException:
        with suppress(EnvkitError):
            side.clear()
        raise


def _rsync(known: Known, paths: Sequence[str], *, push: bool) -> None:
    """Have rsync copy files through our own SSH to the stage of the other side."""
    if not paths:
        return
    program, client = tools()
    listed = known.place.client / "on-its-way"
    files.write(listed, b"\0".join(os.fsencode(one) for one in paths))
    title = known.container
    settings = str(known.place.client / ssh_config.FILE)
    shell = shlex.join([client, "-F", settings, "-oBatchMode=yes", "-oControlMaster=no"])
    workspace, inside = Path(known.state.workspace or known.project), f"{title}:{names.WORKSPACE}"
    ways = (f"{workspace}/", f"{inside}/{STAGE}/") if push else (f"{inside}/", f"{workspace / STAGE}/")
    line = [program, *OPTIONS, f"--files-from={listed}", "--rsync-path=/usr/bin/rsync", "-e", shell, *ways]
    said: list[str] = []
    code = proc.stream(line, said.append)
    if code not in {0, *VANISHED}:
        raise EngineError(
            f"rsync could not copy the workspace (it ended with {code})", tried="; ".join(said[-5:]),
            mend="envkit ssh true says whether SSH works; then repeat the command",
        )
