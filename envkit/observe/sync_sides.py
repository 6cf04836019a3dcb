"""Read and change workspace and copy with the same guest program: in a local process, and in the container."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from envkit import naming, process
from envkit.errors import EngineError, PreconditionError
from envkit.sync_plan import OTHER, STAGING_FOLDER, Entry, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envkit.backends.backend import Backend

LIMIT_S = 900.0
PYTHON = ("/opt/jupyter/bin/python", "-I", "-X", "utf8", "-")  # belongs to root in the container
KINDS = {"f", "d", "l", OTHER}
NUMBER_MAX = 1 << 63


@dataclass(frozen=True, slots=True)
class Side:
    """Workspace or copy.

    Attributes:
        name: Name for messages.
        run: Function that runs the guest program with a request, and returns the lines of its output.
    """

    name: str
    run: Callable[[str], list[str]]

    def tree(self) -> tuple[str, dict[str, Entry]]:
        """Return the folder's identity, which differs from that of a replacement, and all of its entries.

        Raises:
            EngineError: The folder could not be read.
        """
        top, *rest = self._request("tree", stage=STAGING_FOLDER)
        return str(top[1]), {path: _parse_entry(fields) for path, fields in rest}

    def digests(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the SHA-256 digests of files; empty for unreadable ones."""
        return {path: str(digest) for path, digest in self._request("digest", paths=list(paths))[1:]}

    def rename_paths(self, pairs: Mapping[str, str]) -> None:
        """Rename entries.

        Raises:
            EngineError: An entry could not be renamed.
        """
        results = dict(self._request("aside", pairs=list(pairs.items()))[1:])
        for path, new_path in pairs.items():
            if results.get(path) is not True:
                raise EngineError(
                    f"{path} of {self.name} could not be renamed to {new_path}",
                    code="sync-rename-failed",
                    hint="repeat the command",
                )

    def create_stage(self) -> None:
        """Create the empty staging folder."""
        self._request("stage", stage=STAGING_FOLDER)

    def remove_stage(self) -> None:
        """Remove the staging folder."""
        self._request("clear", stage=STAGING_FOLDER)

    def apply_changes(
        self, removals: Sequence[tuple[str, Entry]], additions: Sequence[tuple[str, Entry | None, Entry]]
    ) -> tuple[str, ...]:
        """Remove and place entries that are still as expected, and return the paths of the others."""
        response = self._request("change", stage=STAGING_FOLDER, removed=list(removals), placed=list(additions))
        results = dict(response[1:])
        paths = [path for path, _ in removals] + [path for path, _, _ in additions]
        return tuple(path for path in paths if results.get(path) is not True)

    def _request(self, action: str, **details: object) -> list[tuple[str, Any]]:
        program = resources.files("envkit").joinpath("guest/sync_agent.py").read_text("utf-8")
        lines = self.run(json.dumps({"deed": action, **details}) + "\n" + program)
        entries = [_parse_line(line) for line in lines]
        if len(entries) < 2 or entries[0][0] != "top" or entries[-1][0] != "end":
            raise EngineError(
                f"{self.name} could not be read", code="folder-unreadable", hint="envkit up; then repeat the command"
            )
        if not all(is_safe(path) for path, _ in entries[1:-1]):
            raise EngineError(
                f"{self.name} reports an impossible path", code="sync-path-invalid", hint="envkit shell, to inspect it"
            )
        return entries[:-1]


def local_side(folder: str) -> Side:
    """Build the side of the workspace on this host."""

    def run(text: str) -> list[str]:
        argv = [sys.executable, "-I", "-X", "utf8", "-"]
        try:
            result = process.run(argv, stdin=_program(text, folder), timeout_s=LIMIT_S)
        except process.TimeoutExpired as error:
            raise PreconditionError(
                f"{folder} could not be read within {LIMIT_S:g} s",
                code="workspace-unreadable",
                hint="repeat the command",
            ) from error
        if result.code:
            raise PreconditionError(
                f"{folder} could not be read: {result.err.strip()[-300:]}",
                code="workspace-unreadable",
                hint="fix the cause, then repeat the command",
            )
        return result.out.splitlines()

    return Side(folder, run)


def container_side(backend: Backend, container: str) -> Side:
    """Build the side of a container's copy."""

    def run(text: str) -> list[str]:
        lines: list[str] = []
        backend.run_script(container, PYTHON, _program(text, naming.WORKSPACE), lines.append, limit_s=LIMIT_S)
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
    """Parse an entry strictly, because container code may have forged it."""
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
