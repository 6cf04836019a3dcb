"""What the migrated files import and use, asked of the real TensorFlow: it has to say what the checker says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.migrate import suites, units
from benchmarks.migrate.statements import imports, parsed
from benchmarks.migrate.uses import uses
from benchmarks.migrate.world import OURS, UNKNOWN, is_of, world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import docker

    from benchmarks.migrate.statements import Imported
    from benchmarks.migrate.tally import Tally


def ask(count: Tally, engine: docker.DockerClient, image: str, folder: Path, wanted: Sequence[Path]) -> None:
    """Ask for every import and every name, and add to the tally what is judged otherwise."""
    statements, names = _collected(folder, wanted)
    told = suites.finds(engine, image, {"imports": sorted(statements), "names": sorted(names)})
    missing = {*told["imports"], *told["names"]}
    judged = {**statements, **names}
    differ = [one for one, good in judged.items() if good == (one in missing)]
    count.asked, count.otherwise = len(judged), len(differ)
    count.worst += [f"the real TensorFlow says otherwise: {one}" for one in sorted(differ)]


def _collected(folder: Path, wanted: Sequence[Path]) -> tuple[dict[str, bool], dict[str, bool]]:
    statements: dict[str, bool] = {}
    names: dict[str, bool] = {}
    for path in wanted:
        unit = units.read(path, (folder / path).read_bytes())
        tree = parsed(unit.text) if unit is not None else None
        if unit is None or tree is None:
            continue
        for one in imports(unit.text, tree):
            if one.ours and not is_of(one.path, UNKNOWN):
                statements[statement(one)] = one.resolves(world())
        for use in uses(tree).uses:
            for name in use.paths:
                if is_of(name, OURS) and not is_of(name, UNKNOWN):
                    names[name] = world().has(name) or world().has_module(name)
    return statements, names


def statement(one: Imported) -> str:
    """Return the import as a statement of its own."""
    return f"from {one.module} import {one.name}" if one.module else f"import {one.name}"
