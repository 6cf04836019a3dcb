"""Workspace and copy, looked at and changed by the same guest program: in a process here, and inside over there."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from envkit import names, proc
from envkit.engines import execs
from envkit.errors import EngineError, Refusal
from envkit.sync import OTHER, STAGE, Entry, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.engines.connect import Engine

LIMIT_S = 900.0
PYTHON = ("/opt/jupyter/bin/python", "-I", "-X", "utf8", "-")  # root's own inside
KINDS = {"f", "d", "l", OTHER}
NUMBER_MAX = 1 << 63


@dataclass(frozen=True, slots=True)
class Side:
    """Workspace or copy.

    Attributes:
        what: For messages.
        run: Runs the guest program with a text; returns the lines it printed.
    """

    what: str
    run: Callable[[str], list[str]]

    def tree(self) -> tuple[str, dict[str, Entry]]:
        """Return what tells this folder from another one at its place, and all that is in it.

        Raises:
            EngineError: It could not be looked at.
        """
        top, *rest = self._asked("tree", stage=STAGE)
        return str(top[1]), {path: _entry(given) for path, given in rest}

    def digests(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the SHA-256 of files; nothing of those that cannot be read."""
        return {path: str(found) for path, found in self._asked("digest", paths=list(paths))[1:]}

    def set_aside(self, pairs: Mapping[str, str]) -> None:
        """Give things other names.

        Raises:
            EngineError: One could not get it.
        """
        said = dict(self._asked("aside", pairs=list(pairs.items()))[1:])
        for path, other in pairs.items():
            if said.get(path) is not True:
                raise EngineError(f"{path} of {self.what} could not be renamed to {other}", mend="repeat the command")

    def stage(self) -> None:
        """Make the empty folder for what is on its way."""
        self._asked("stage", stage=STAGE)

    def clear(self) -> None:
        """Take that folder away."""
        self._asked("clear", stage=STAGE)

    def change(
        self, removed: Sequence[tuple[str, Entry]], placed: Sequence[tuple[str, Entry | None, Entry]]
    ) -> tuple[str, ...]:
        """Remove and place what is as it was expected; return the paths of which that was not so."""
        asked = self._asked("change", stage=STAGE, removed=list(removed), placed=list(placed))
        said = dict(asked[1:])
        paths = [path for path, _ in removed] + [path for path, _, _ in placed]
        return tuple(path for path in paths if said.get(path) is not True)

    def _asked(self, deed: str, **details: object) -> list[tuple[str, Any]]:
        program = resources.files("envkit").joinpath("guest/tree.py").read_text("utf-8")
        lines = self.run(json.dumps({"deed": deed, **details}) + "\n" + program)
        parsed = [_line(line) for line in lines]
        if len(parsed) < 2 or parsed[0][0] != "top" or parsed[-1][0] != "end":
            raise EngineError(f"{self.what} could not be looked at", mend="envkit up; then repeat the command")
        if not all(is_safe(path) for path, _ in parsed[1:-1]):
            raise EngineError(f"{self.what} tells of a path that no file can have", mend="look at it: envkit shell")
        return parsed[:-1]


def here(folder: str) -> Side:
    """Return the workspace of this machine."""

    def run(text: str) -> list[str]:
        argv = [sys.executable, "-I", "-X", "utf8", "-"]
        try:
            done = proc.run(argv, text=_program(text, folder), timeout_s=LIMIT_S)
        except proc.TimeoutExpired as error:
            raise Refusal(f"{folder} could not be looked at in {LIMIT_S:g} s", mend="repeat the command") from error
        if done.code:
            raise Refusal(f"{folder} could not be looked at: {done.err.strip()[-300:]}", mend="mend that, repeat it")
        return done.out.splitlines()

    return Side(folder, run)


def there(engine: Engine, container: str) -> Side:
    """Return the copy that a container has."""

    def run(text: str) -> list[str]:
        lines: list[str] = []
        execs.script(engine, container, PYTHON, _program(text, names.WORKSPACE), lines.append, limit_s=LIMIT_S)
        return lines

    return Side(f"{names.WORKSPACE} inside", run)


def _program(text: str, root: str) -> str:
    asked, _, program = text.partition("\n")
    return f"ASKED = {json.dumps({**json.loads(asked), 'root': root})!r}\n{program}"


def _line(line: str) -> tuple[str, Any]:
    try:
        path, value = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return "", None
    return (path, value) if isinstance(path, str) else ("", None)


def _entry(given: Any) -> Entry:
    """Take a look's result for what it is; what runs inside may have had its hand in it."""
    try:
        kind, size, modified, changed, mode, target = given
    except (TypeError, ValueError):
        return Entry(OTHER)
    numbers = (size, modified, changed, mode)
    if kind not in KINDS or not isinstance(target, str):
        return Entry(OTHER)
    if not all(isinstance(one, int) and -NUMBER_MAX < one < NUMBER_MAX for one in numbers):
        return Entry(OTHER)
    return Entry(kind, size, modified, changed, mode & 0o777, target)
