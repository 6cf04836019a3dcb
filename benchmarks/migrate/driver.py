"""`python -m benchmarks.migrate.driver FOLDER [fast]`: the same transform, run by LibCST's parallel codemod driver.

The driver reads and parses each file and computes the codemod's metadata dependencies (positions, parents and scopes)
with LibCST's own providers, as LibCST's documentation recommends. envkit's transform rewrites that tree without parsing
again. With `fast`, envkit computes positions and scopes from the driver's tree instead, so that only the code around
the transform is compared.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

import libcst as cst
from libcst.codemod import Codemod, SkipFile, parallel_exec_transform_with_prettyprint
from libcst.metadata import ParentNodeProvider, PositionProvider, ScopeProvider

from benchmarks.migrate.api_index import RELEASE
from envkit.migrate import python, tf_api
from envkit.migrate.python import parsed_file, pipeline
from envkit.migrate.python.node_map import NodeMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.outcome import Outcome

_NEWLINE = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class MigratedFile:
    """Migrated file in the form that the driver expects: bytes and encoding."""

    bytes: bytes
    encoding: str


class Migration(Codemod):
    """The transform of `envkit migrate`, as LibCST's driver calls it."""

    METADATA_DEPENDENCIES: ClassVar[tuple[Any, ...]] = (PositionProvider, ParentNodeProvider, ScopeProvider)

    def transform_module_impl(self, tree: cst.Module) -> MigratedFile:  # type: ignore[override]  # the driver accepts it
        """Migrate a parsed file."""
        return self._to_migrated_file(
            tree, pipeline.transform_source(tree.bytes, self._build_source(tree), tree.encoding, tf_api.load(RELEASE))
        )

    def _build_source(self, tree: cst.Module) -> parsed_file.Source:
        """Build the transform's input from the metadata of LibCST's providers."""
        text, positions, parents, scopes = (
            tree.code,
            *(self.metadata[provider] for provider in self.METADATA_DEPENDENCIES),
        )
        lines = [0, *(match.end() for match in _NEWLINE.finditer(text)), len(text)]
        spans: dict[int, tuple[int, int]] = {}
        for node, code_range in positions.items():
            begin, end = code_range.start, code_range.end  # type: ignore[attr-defined]
            spans[id(node)] = lines[begin.line - 1] + begin.column, min(lines[end.line - 1] + end.column, len(text))
        nodes_by_class: dict[type, list[cst.CSTNode]] = defaultdict(list)
        for node in sorted(parents, key=lambda node: (spans[id(node)][0], -spans[id(node)][1])):
            nodes_by_class[type(node)].append(node)
        parent_map, scope_map = (_node_map(mapping) for mapping in (parents, scopes))
        return parsed_file.Source(text, tree, NodeMap(spans), parent_map, dict(nodes_by_class), scope_map)

    def _to_migrated_file(self, tree: cst.Module, outcome: Outcome) -> MigratedFile:
        if outcome.error:
            raise SkipFile(outcome.error)
        for note in outcome.notes:
            self.warn(f"{note.location.line}:{note.location.column}: {note.message}")
        return MigratedFile(outcome.content, tree.encoding)


class FastMigration(Migration):
    """Migration with envkit's positions and scopes, which are faster than LibCST's."""

    METADATA_DEPENDENCIES = ()

    @classmethod
    def get_inherited_dependencies(cls) -> tuple[()]:
        """Return no dependencies, so that LibCST computes no metadata."""
        return ()

    def transform_module_impl(self, tree: cst.Module) -> MigratedFile:  # type: ignore[override]  # as above
        """Migrate a parsed file."""
        with mock.patch.object(cst, "parse_module", return_value=tree):
            return self._to_migrated_file(tree, python.migrate(tree.bytes, tf_api.load(RELEASE)))


def _node_map(mapping: Mapping[cst.CSTNode, Any]) -> NodeMap[Any]:
    return NodeMap({id(node): value for node, value in mapping.items()})


def main() -> None:
    """Migrate every file below a folder; unreadable files are counted and skipped."""
    paths = [str(path) for path in sorted(Path(sys.argv[1]).rglob("*.py"))]
    tf_api.load(RELEASE)
    jobs = len(os.sched_getaffinity(0))
    codemod = FastMigration if "fast" in sys.argv[2:] else Migration
    result = parallel_exec_transform_with_prettyprint(codemod, paths, jobs=jobs, hide_progress=True)
    print(f"{result.successes} done, {result.failures} failed, {result.skips} skipped, {result.warnings} warnings")


if __name__ == "__main__":
    main()
