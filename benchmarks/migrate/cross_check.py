"""Compare the checker with the real TensorFlow: both must resolve the same imports and names of the migrated files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.migrate import suites, units
from benchmarks.migrate.api_index import ROOTS, UNRECORDED, api_index, is_under
from benchmarks.migrate.statements import imports, parse
from benchmarks.migrate.uses import uses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import docker

    from benchmarks.migrate.statements import ImportedName
    from benchmarks.migrate.tally import Tally


def check(totals: Tally, engine: docker.DockerClient, image: str, folder: Path, paths: Sequence[Path]) -> None:
    """Check every import and name, and add differences to the tally."""
    statements, names = _collect(folder, paths)
    missing_names = suites.run_guest(engine, image, {"imports": sorted(statements), "names": sorted(names)})
    missing = {*missing_names["imports"], *missing_names["names"]}
    queries = {**statements, **names}
    mismatches = [query for query, is_valid in queries.items() if is_valid == (query in missing)]
    totals.query_count, totals.disagreements = len(queries), len(mismatches)
    totals.problems += [f"the real TensorFlow differs: {query}" for query in sorted(mismatches)]


def _collect(folder: Path, paths: Sequence[Path]) -> tuple[dict[str, bool], dict[str, bool]]:
    statements: dict[str, bool] = {}
    names: dict[str, bool] = {}
    for path in paths:
        unit = units.read(path, (folder / path).read_bytes())
        tree = parse(unit.text) if unit is not None else None
        if unit is None or tree is None:
            continue
        for imported in imports(unit.text, tree):
            if imported.is_tracked and not is_under(imported.path, UNRECORDED):
                statements[statement(imported)] = imported.resolves(api_index())
        for use in uses(tree).uses:
            for name in use.paths:
                if is_under(name, ROOTS) and not is_under(name, UNRECORDED):
                    names[name] = api_index().has(name) or api_index().has_module(name)
    return statements, names


def statement(imported: ImportedName) -> str:
    """Return the import as a single statement."""
    return f"from {imported.module} import {imported.name}" if imported.module else f"import {imported.name}"
