"""Compare envkit's migration with manual migrations of checkouts: each import must bind the same object."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clock import BenchmarkError
from benchmarks.migrate import suites, units
from benchmarks.migrate.api_index import RELEASE
from envkit.migrate import python, tf_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

BAR = 0.98
ROOTS = ("keras", "tensorflow")
GUEST = Path(__file__).with_name("guest") / "compare_bindings.py"
# Commits that migrated from standalone Keras by hand; each is compared with its parent.
REFERENCE_COMMITS = {
    "philipperemy+keras-tcn": "a7eb6c9",
    "asmith26+wide_resnets_keras": "27188d6",
    "maxpumperla+elephas": "588f722",
}
# A stale copy of Keras in TensorFlow; imports from it are not counted.
STALE_COPY = re.compile(r"(?:from|import) tensorflow\.python\b")


@dataclass(frozen=True, slots=True)
class Pair:
    """Comparison for one checkout.

    Attributes:
        name: Repository and commit.
        files: Number of compared files.
        bound: Number of names that imports from Keras bind before and after, without those from the stale copy.
        same: Number of them that are the same object in both migrations.
        differences: The others, and those from the stale copy: file, envkit's import, manual import.
    """

    name: str
    files: int
    bound: int
    same: int
    differences: tuple[str, ...] = ()


def run(engine: docker.DockerClient, image: str, clones: Path) -> list[Pair]:
    """Compare the available clones.

    Raises:
        BenchmarkError: If a clone does not contain the commit.
    """
    return [
        _compare_checkout(engine, image, name, git_dir, commit)
        for name, commit in REFERENCE_COMMITS.items()
        for git_dir in _git_dirs(clones / name)
    ]


def _git_dirs(folder: Path) -> list[Path]:
    """Return the Git folder of a clone, with or without a work tree; empty if there is no clone."""
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
    differences = tuple(f"{path}: `{ours}`, manual `{human}`" for path, _, ours, human in mismatches)
    counted = [comparison for comparison in comparisons if not STALE_COPY.match(comparison[3])]
    matching = [comparison for comparison in counted if comparison not in mismatches]
    return Pair(f"{name.replace('+', '/')} {commit}", files, len(counted), len(matching), differences)


def compare(before: str, human_code: str) -> Iterator[tuple[str, str, str]]:
    """Yield each name that was imported from Keras, with envkit's import and the manual import."""
    unit = units.read(Path("a.py"), before.encode())
    if unit is None or not unit.imports_keras:
        return
    migrated = python.migrate(before.encode(), tf_api.load(RELEASE)).content.decode()
    old, ours, human = (_import_statements(text) for text in (before, migrated, human_code))
    for name in old:
        if name in ours and name in human:
            yield name, ours[name], human[name]


def _import_statements(text: str) -> dict[str, str]:
    """Return a single import statement for each name imported from Keras or TensorFlow."""
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
            f"git {arguments[0]} in {git_dir} exited with code {completed.returncode}\n{completed.stderr[-500:]}"
        )
    return completed.stdout
