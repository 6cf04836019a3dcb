"""Workspace and copy, looked at and changed by the same guest program: in a process here, and inside over there."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from envkit import naming, process
from envkit.backends.docker import container_exec
from envkit.errors import EngineError, PreconditionError
from envkit.sync_plan import OTHER, STAGING_FOLDER, Entry, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.backends.docker.client import Engine

LIMIT_S = 900.0
PYTHON = ("/opt/jupyter/bin/python", "-I", "-X", "utf8", "-")  # root's own inside
KINDS = {"f", "d", "l", OTHER}
NUMBER_MAX = 1 << 63


@dataclass(frozen=True, slots=True)
class Side:
    """Workspace or copy.

    Attributes:
        name: For messages.
        run: Runs the guest program with a text; returns the lines it printed.
    """

    name: str
    run: Callable[[str], list[str]]

    def tree(self) -> tuple[str, dict[str, Entry]]:
        """Return what tells this folder from another one at its place, and all that is in it.

        Raises:
            EngineError: It could not be looked at.
        """
        top, *rest = self._request("tree", stage=STAGING_FOLDER)
        return str(top[1]), {path: _parse_entry(fields) for path, fields in rest}

    def digests(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the SHA-256 of files; nothing of those that cannot be read."""
        return {path: str(digest) for path, digest in self._request("digest", paths=list(paths))[1:]}

    def rename_paths(self, pairs: Mapping[str, str]) -> None:
        """Give things other names.

        Raises:
            EngineError: One could not get it.
        """
        results = dict(self._request("aside", pairs=list(pairs.items()))[1:])
        for path, new_path in pairs.items():
            if results.get(path) is not True:
                raise EngineError(
                    f"{path} of {self.name} could not be renamed to {new_path}", hint="repeat the command"
                )

    def create_stage(self) -> None:
        """Make the empty folder for what is on its way."""
        self._request("stage", stage=STAGING_FOLDER)

    def remove_stage(self) -> None:
        """Take that folder away."""
        self._request("clear", stage=STAGING_FOLDER)

    def apply_changes(
        self, removals: Sequence[tuple[str, Entry]], additions: Sequence[tuple[str, Entry | None, Entry]]
    ) -> tuple[str, ...]:
        """Remove and place what is as it was expected; return the paths of which that was not so."""
        response = self._request("change", stage=STAGING_FOLDER, removed=list(removals), placed=list(additions))
        results = dict(response[1:])
        paths = [path for path, _ in removals] + [path for path, _, _ in additions]
        return tuple(path for path in paths if results.get(path) is not True)

    def _request(self, action: str, **details: object) -> list[tuple[str, Any]]:
        program = resources.files("envkit").joinpath("guest/sync_agent.py").read_text("utf-8")
        lines = self.run(json.dumps({"deed": action, **details}) + "\n" + program)
        entries = [_parse_line(line) for line in lines]
        if len(entries) < 2 or entries[0][0] != "top" or entries[-1][0] != "end":
            raise EngineError(f"{self.name} could not be looked at", hint="envkit up; then repeat the command")
        if not all(is_safe(path) for path, _ in entries[1:-1]):
            raise EngineError(f"{self.name} tells of a path that no file can have", hint="look at it: envkit shell")
        return entries[:-1]


def local_side(folder: str) -> Side:
    """Return the workspace of this machine."""

    def run(text: str) -> list[str]:
        argv = [sys.executable, "-I", "-X", "utf8", "-"]
        try:
            result = process.run(argv, stdin=_program(text, folder), timeout_s=LIMIT_S)
        except process.TimeoutExpired as error:
            raise PreconditionError(
                f"{folder} could not be looked at in {LIMIT_S:g} s", hint="repeat the command"
            ) from error
        if result.code:
            raise PreconditionError(
                f"{folder} could not be looked at: {result.err.strip()[-300:]}", hint="mend that, repeat it"
            )
        return result.out.splitlines()

    return Side(folder, run)


def container_side(engine: Engine, container: str) -> Side:
    """Return the copy that a container has."""

    def run(text: str) -> list[str]:
        lines: list[str] = []
        container_exec.run_script(
            engine, container, PYTHON, _program(text, naming.WORKSPACE), lines.append, limit_s=LIMIT_S
        )
        return lines

    return Side(f"{naming.WORKSPACE} inside", run)


def _program(text: str, root: str) -> str:
    request, _, program = text.partition("\n")
    return f"ASKED = {json.dumps({**json.loads(request), 'root': root})!r}\n{program}"


def _parse_line(line: str) -> tuple[str, Any]:
    try:
        path, value = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return "", None
    return (path, value) if isinstance(path, str) else ("", None)


def _parse_entry(fields: Any) -> Entry:
    """Take a look's result for what it is; what runs inside may have had its hand in it."""
    try:
        kind, size, modified, changed, mode, target = fields
    except (TypeError, ValueError):
        return Entry(OTHER)
    numbers = (size, modified, changed, mode)
    if kind not in KINDS or not isinstance(target, str):
        return Entry(OTHER)
    if not all(isinstance(number, int) and -NUMBER_MAX < number < NUMBER_MAX for number in numbers):
        return Entry(OTHER)
    return Entry(kind, size, modified, changed, mode & 0o777, target)
