"""`python -m benchmarks.migrate.driver FOLDER`: the same transform, run by LibCST's own parallel codemod driver.

The driver reads and parses each file and hands its tree on; the transform takes that tree and parses nothing anew.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import libcst as cst
from libcst.codemod import Codemod, SkipFile, parallel_exec_transform_with_prettyprint

from benchmarks.migrate.world import RELEASE
from envkit.migrate import api, code


@dataclass(frozen=True, slots=True)
class Done:
    """A file as the driver takes it back: its bytes, and what they are encoded in."""

    bytes: bytes
    encoding: str


class Migration(Codemod):
    """The transform of `envkit migrate`, as LibCST's driver calls it."""

    def transform_module_impl(self, tree: cst.Module) -> Done:  # type: ignore[override]  # all that the driver asks for
        """Return what becomes of the file whose tree this is."""
        with mock.patch.object(cst, "parse_module", return_value=tree):
            outcome = code.migrate(tree.bytes, api.load(RELEASE))
        if outcome.unreadable:
            raise SkipFile(outcome.unreadable)
        for note in outcome.notes:
            self.warn(f"{note.where.line}:{note.where.column}: {note.message}")
        return Done(outcome.content, tree.encoding)


def main() -> None:
    """Run it over every file below a folder; files that cannot be read are counted and left."""
    paths = [str(path) for path in sorted(Path(sys.argv[1]).rglob("*.py"))]
    api.load(RELEASE)
    jobs = len(os.sched_getaffinity(0))
    told = parallel_exec_transform_with_prettyprint(Migration, paths, jobs=jobs, hide_progress=True)
    print(f"{told.successes} done, {told.failures} failed, {told.skips} skipped, {told.warnings} warnings")


if __name__ == "__main__":
    main()
