"""What envkit makes of checkouts beside what people made of them: each import has to bind the same object."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.clock import Failed
from benchmarks.migrate import suites, units
from benchmarks.migrate.world import RELEASE
from envkit.migrate import api, code

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

BAR = 0.98
ROOTS = ("keras", "tensorflow")
GUEST = Path(__file__).with_name("guest") / "same.py"
# The commits in which people left standalone Keras; each is compared with what was there before.
PAIRS = {
    "philipperemy+keras-tcn": "a7eb6c9", "asmith26+wide_resnets_keras": "27188d6", "maxpumperla+elephas": "588f722",
}
# A stale copy of Keras that TensorFlow still ships: who imports from there is no measure.
STALE = re.compile(r"(?:from|import) tensorflow\.python\b")


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


def run(engine: docker.DockerClient, image: str, histories: Path) -> list[Pair]:
    """Compare what is there.

    Raises:
        Failed: A history has no such commit.
    """
    return [
        _pair(engine, image, name, git, commit)
        for name, commit in PAIRS.items() for git in _histories(histories / name)
    ]


def _histories(folder: Path) -> list[Path]:
    """Return the Git folder of a clone, with a work tree or without; none where there is no clone."""
    return [one for one in (folder / ".git", folder / "repo", folder) if (one / "HEAD").is_file()][:1]


def _pair(engine: docker.DockerClient, image: str, name: str, git: Path, commit: str) -> Pair:
    files, asked = 0, []
    for path in _git(git, "diff", "--name-only", "--diff-filter=M", f"{commit}^1", commit, "--", "*.py").splitlines():
        before, theirs = (_git(git, "show", f"{one}:{path}") for one in (f"{commit}^1", commit))
        compared = list(compare(before, theirs))
        files += bool(compared)
        asked += [(path, *one) for one in compared]
    told = suites.finds(engine, image, {"pairs": [one[1:] for one in asked]}, GUEST)
    differ = [asked[at] for at in told["differ"]]
    others = tuple(f"{path}: `{ours}`, by people `{human}`" for path, _, ours, human in differ)
    bound = [one for one in asked if not STALE.match(one[3])]
    same = [one for one in bound if one not in differ]
    return Pair(f"{name.replace('+', '/')} {commit}", files, len(bound), len(same), others)


def compare(before: str, theirs: str) -> Iterator[tuple[str, str, str]]:
    """Yield each name that was imported from Keras, with how envkit and how people import it now."""
    unit = units.read(Path("a.py"), before.encode())
    if unit is None or not unit.imports_keras:
        return
    made = code.migrate(before.encode(), api.load(RELEASE)).content.decode()
    old, ours, human = (_imported(text) for text in (before, made, theirs))
    for name in old:
        if name in ours and name in human:
            yield name, ours[name], human[name]


def _imported(text: str) -> dict[str, str]:
    """Return how each name is imported that comes from Keras or TensorFlow, as a statement of its own."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    found: dict[str, str] = {}
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom) and not one.level and (one.module or "").partition(".")[0] in ROOTS:
            found |= {alias.asname or alias.name: ast.unparse(ast.ImportFrom(one.module, [alias], 0))
                      for alias in one.names if alias.name != "*"}
        elif isinstance(one, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: ast.unparse(ast.Import([alias]))
                      for alias in one.names if alias.name.partition(".")[0] in ROOTS}
    return found


def _git(git: Path, *words: str) -> str:
    done = subprocess.run(["git", "--git-dir", str(git), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"git {words[0]} in {git} ended with {done.returncode}\n{done.stderr[-500:]}")
    return done.stdout
