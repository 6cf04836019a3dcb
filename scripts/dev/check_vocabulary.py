"""Check the words of code and docs: `make lint` runs it, and so does a unit test.

Prose must avoid the phrases of PHRASES. Names of variables and parameters must say what they hold: at most one percent
may be words such as `one` or `found`. A module's name occurs at most four times in the package.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
# Phrase -> what to write instead.
PHRASES = {
    r"mend(s|ed|ing)?": "hint, or fix",
    r"anew": "again; rebuild, recreate",
    r"whoever|somebody|nobody(?!:)|a stranger": "another user, another process, you",
    r"(is|are|was|were|be|been) told": "report, print, warn, show",
    r"today's packages": "current packages",
    r"is to be had": "is available",
    r"goes by the name": "is called",
    r"end(s|ed)? with (code )?\d+": "exits with code N",
    r"makes? anew": "rebuild, recreate",
    r"what is damaged": "damaged files",
}
VAGUE_NAMES = frozenset(
    [
        "one",
        "ones",
        "found",
        "at",
        "seen",
        "place",
        "places",
        "what",
        "told",
        "known",
        "why",
        "kept",
        "here",
        "there",
        "other",
        "others",
        "given",
        "held",
        "made",
        "asked",
        "wanted",
        "said",
        "way",
        "ways",
        "thing",
        "things",
        "it",
        "its",
        "whose",
        "which",
        "who",
        "some",
        "any",
        "each",
        "more",
        "less",
        "left",
        "gone",
        "done",
        "begun",
        "tried",
        "named",
        "taken",
        "shown",
        "meant",
        "far",
        "near",
        "inside",
        "outside",
        "beside",
        "aside",
        "again",
        "anew",
        "this",
        "that",
        "these",
        "those",
    ]
)
VAGUE_SHARE_MAX = 0.01
MODULE_NAME_MAX = 4  # the verb, its probe, its checks and their definitions may share a name
TEXT_SUFFIXES = {".py", ".j2", ".md", ".sh", ".yaml", ".toml", ""}
FOLDERS = ("envkit", "templates", "scripts", "docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", ".ci")
# Code of other people, and this list.
EXCLUDED = re.compile(
    r"docs/reference/(migrate-rules|guarantees)\.md|docs/claims\.yaml|scripts/dev/check_vocabulary\.py"
)


def tracked_files(*folders: str) -> list[str]:
    """Return the paths of text files below these folders that git knows or would add."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in dict.fromkeys(listed) if Path(path).suffix in TEXT_SUFFIXES and (ROOT / path).is_file()]


def find_phrases(path: str, text: str) -> Iterator[str]:
    """Yield a line for every phrase to avoid, with its replacement."""
    for number, line in enumerate(text.splitlines(), 1):
        for phrase, replacement in PHRASES.items():
            if match := re.search(rf"(?<!`)\b(?:{phrase})\b", line, re.IGNORECASE):
                yield f"{path}:{number}: {match[0]!r}: write {replacement}"


def vague_share(sources: Iterator[str]) -> tuple[float, Counter[str]]:
    """Return the share of vague names among the variables and parameters of some sources, and their counts."""
    total, vague = 0, Counter[str]()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            elif isinstance(node, ast.arg):
                name = node.arg
            else:
                continue
            if name.startswith("_") or name in {"self", "cls"}:
                continue
            total += 1
            vague.update([name] if name in VAGUE_NAMES else [])
    return vague.total() / max(total, 1), vague


def repeated_module_names(paths: list[str]) -> Iterator[str]:
    """Yield a line for every module name that occurs too often."""
    names = Counter(Path(path).stem for path in paths if not path.endswith("__init__.py"))
    for name, count in names.items():
        if count > MODULE_NAME_MAX:
            yield f"{count} modules are called {name}.py"


def problems() -> list[str]:
    """Return everything that breaks a rule, one line each."""
    lines = [
        line
        for path in tracked_files(*FOLDERS)
        if not EXCLUDED.fullmatch(path)
        for line in find_phrases(path, (ROOT / path).read_text("utf-8"))
    ]
    modules = [path for path in tracked_files("envkit") if path.endswith(".py")]
    share, names = vague_share((ROOT / path).read_text("utf-8") for path in modules)
    if share > VAGUE_SHARE_MAX:
        lines.append(f"{share:.1%} of all names are vague: {dict(names.most_common(8))}")
    return [*lines, *repeated_module_names(modules)]


def main() -> int:
    """Print the problems; return 1 if there are any."""
    lines = problems()
    print("\n".join(lines), end="\n" if lines else "")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
