"""What envkit makes of checkouts beside what people made of them: each import has to bind the same object."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError
from benchmarks.migrate import suites, units
from benchmarks.migrate.world import RELEASE
from envkit.migrate import python, tf_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

BAR = 0.98
ROOTS = ("keras", "tensorflow")
GUEST = Path(__file__).with_name("guest") / "same.py"
# The commits in which people left standalone Keras; each is compared with what was there before.
REFERENCE_COMMITS = {
    "philipperemy+keras-tcn": "a7eb6c9",
    "asmith26+wide_resnets_keras": "27188d6",
    "maxpumperla+elephas": "588f722",
}
# A stale copy of Keras that TensorFlow still ships: who imports from there is no measure.
STALE_COPY = re.compile(r"(?:from|import) tensorflow\.python\b")


@dataclass(frozen=True, slots=True)
class Pair:
    """What came of one checkout.

    Attributes:
        name: Whose it is, and the commit.
        files: How many were compared.
        bound: How many names their imports bind from Keras, before as after; without those from its stale copy.
        same: How many of them stand for the same object by envkit as by the people.
        others: The rest, and those from the stale copy: file, what envkit wrote, what people wrote.
    """

    name: str
    files: int
    bound: int
    same: int
    others: tuple[str, ...] = ()


def run(engine: docker.DockerClient, image: str, clones: Path) -> list[Pair]:
    """Compare what is there.

    Raises:
        Failed: A history has no such commit.
    """
    return [
        _compare_checkout(engine, image, name, git_dir, commit)
        for name, commit in REFERENCE_COMMITS.items()
        for git_dir in _git_dirs(clones / name)
    ]


def _git_dirs(folder: Path) -> list[Path]:
    """Return the Git folder of a clone, with a work tree or without; none where there is no clone."""
    return [candidate for candidate in (folder / ".git", folder / "repo", folder) if (candidate / "HEAD").is_file()][:1]


def _compare_checkout(engine: docker.DockerClient, image: str, name: str, git_dir: Path, commit: str) -> Pair:
    files, comparisons = 0, []
    for path in _git(
        git_dir, "diff", "--name-only", "--diff-filter=M", f"{commit}^1", commit, "--", "*.py"
    ).splitlines():
        before, human_code = (_git(git_dir, "show", f"{revision}:{path}") for revision in (f"{commit}^1", commit))
        names = list(compare(before, human_code))
        files += bool(names)
        comparisons += [(path, *comparison) for comparison in names]
    result = suites.run_guest(engine, image, {"pairs": [comparison[1:] for comparison in comparisons]}, GUEST)
    mismatches = [comparisons[index] for index in result["differ"]]
    differences = tuple(f"{path}: `{ours}`, by people `{human}`" for path, _, ours, human in mismatches)
    counted = [comparison for comparison in comparisons if not STALE_COPY.match(comparison[3])]
    matching = [comparison for comparison in counted if comparison not in mismatches]
    return Pair(f"{name.replace('+', '/')} {commit}", files, len(counted), len(matching), differences)


def compare(before: str, human_code: str) -> Iterator[tuple[str, str, str]]:
    """Yield each name that was imported from Keras, with how envkit and how people import it now."""
    unit = units.read(Path("a.py"), before.encode())
    if unit is None or not unit.imports_keras:
        return
    migrated = python.migrate(before.encode(), tf_api.load(RELEASE)).content.decode()
    old, ours, human = (_import_statements(text) for text in (before, migrated, human_code))
    for name in old:
        if name in ours and name in human:
            yield name, ours[name], human[name]


def _import_statements(text: str) -> dict[str, str]:
    """Return how each name is imported that comes from Keras or TensorFlow, as a statement of its own."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    statements: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] in ROOTS:
            statements |= {
                alias.asname or alias.name: ast.unparse(ast.ImportFrom(node.module, [alias], 0))
                for alias in node.names
                if alias.name != "*"
            }
        elif isinstance(node, ast.Import):
            statements |= {
                alias.asname or alias.name.partition(".")[0]: ast.unparse(ast.Import([alias]))
                for alias in node.names
                if alias.name.partition(".")[0] in ROOTS
            }
    return statements


def _git(git_dir: Path, *arguments: str) -> str:
    completed = subprocess.run(
        ["git", "--git-dir", str(git_dir), *arguments], capture_output=True, text=True, check=False
    )
    if completed.returncode:
        raise BenchmarkError(
            f"git {arguments[0]} in {git_dir} ended with {completed.returncode}\n{completed.stderr[-500:]}"
        )
    return completed.stdout
