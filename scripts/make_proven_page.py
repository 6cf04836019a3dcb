"""Write docs/proven.md from the tests' marks: `python scripts/make_proven_page.py`.

    @pytest.mark.proves("a claim", "real")      how: real, stand-in, quoted or fake

docs/claims.yaml says which claims together show a statement of README.md. The tests are read, not run, so the page
is the same whatever this machine can do.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "proven.md"
CLAIMS = ROOT / "docs" / "claims.yaml"
HOW = ("real", "stand-in", "quoted", "fake", "not yet")  # strongest first
QUIET = {"Where to go next"}  # sections of README.md that state nothing

HEAD = """\
# What is proven

Every statement of [README.md](../README.md), and the tests that show it. This page is made by
`scripts/make_proven_page.py` from the tests' marks and [claims.yaml](claims.yaml).

- **real**: shown on the real thing: a real engine, container, browser, SSH client, file system, or the code itself
  where no outside is involved
- **stand-in**: shown with something in place of a part that is not at hand, such as a pretended machine for the setup
- **quoted**: shown on words that the real thing is known to print, quoted in the test
- **fake**: shown against a small class that plays the outside
- **not yet**: no test shows it

A statement counts for what its weakest claim counts for. [failures.md](failures.md) says how each way in which a GPU
fails is shown.
"""


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A test that shows a claim."""

    claim: str
    how: str
    file: str
    test: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A list item or a table row of README.md."""

    section: str
    text: str


def page(root: Path = ROOT) -> str:
    """Return the whole page.

    Raises:
        ValueError: A mark or the table of claims cannot be read as one; says where.
    """
    found = proofs(root / "tests")
    table = claims((root / "docs/claims.yaml").read_text("utf-8"))
    told = statements((root / "README.md").read_text("utf-8"))
    paired = {statement: _claims_of(statement, table) for statement in told}
    used = {claim for group in paired.values() for claim in group}
    rest = [one for one in found if one.claim not in used]
    return HEAD + _counts(paired, found) + _sections(paired, found) + _beyond(rest)


def proofs(folder: Path) -> tuple[Proof, ...]:
    """Return what the marks of all tests below a folder say, in the order of claims and files.

    Raises:
        ValueError: A mark's claim is no literal text, or its how is none of the four; says where.
    """
    found: set[Proof] = set()
    for path in folder.rglob("*.py"):
        text = path.read_text("utf-8")
        if "proves(" in text:
            marks = _Marks(path.relative_to(folder.parent).as_posix())
            marks.visit(ast.parse(text))
            found |= marks.found
    return tuple(sorted(found))


def claims(text: str) -> dict[str, tuple[str, ...]]:
    """Return the claims that show a statement, by the statement's first words."""
    return {str(start): tuple(given or ()) for start, given in (yaml.safe_load(text) or {}).items()}


def statements(readme: str) -> tuple[Statement, ...]:
    """Return each list item and table row of a README, with its section."""
    found, section = [], ""
    whole = re.sub(r"^```.*?^```", "", readme, flags=re.MULTILINE | re.DOTALL)
    for line in re.sub(r"\n {2,}", " ", whole).splitlines():  # an item's further lines are indented
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif section not in QUIET and (text := _statement(line)):
            found.append(Statement(section, text))
    return tuple(found)


def _statement(line: str) -> str:
    if line.startswith("- "):
        return line.removeprefix("- ")
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    is_row = line.startswith("|") and not set(line) <= set("|-: ") and cells[0] not in {"command", "code"}
    return ": ".join(cells) if is_row else ""


def _claims_of(statement: Statement, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return next((given for start, given in table.items() if statement.text.startswith(start)), ())


class _Marks(ast.NodeVisitor):
    """Collects the marks of a file: one stands on a test, a class or the whole file, or in a test's parameters."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.names: list[str] = []
        self.found: set[Proof] = set()

    def generic_visit(self, node: ast.AST) -> None:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named:
            self.names.append(node.name)  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "proves":
            self.found.add(_proof(node, self.file, "::".join(self.names)))
        super().generic_visit(node)
        if named:
            self.names.pop()


def _proof(call: ast.Call, file: str, test: str) -> Proof:
    given = dict(zip(("claim", "how"), call.args, strict=False))
    given |= {word.arg: word.value for word in call.keywords if word.arg}
    try:
        claim, how = (ast.literal_eval(given[name]) for name in ("claim", "how"))
    except (ValueError, KeyError):
        claim, how = "", ""
    if not isinstance(claim, str) or not claim or how not in HOW[:-1]:
        raise ValueError(f'{file}:{call.lineno}: write proves("a claim", "real"), "stand-in", "quoted" or "fake"')
    return Proof(" ".join(claim.split()), how, file, test)


def _strength(claim: str, found: Sequence[Proof]) -> str:
    """Return how a claim was shown best."""
    return min((one.how for one in found if one.claim == claim), key=HOW.index, default=HOW[-1])


def _verdict(given: Iterable[str], found: Sequence[Proof]) -> str:
    """Return how a statement was shown: as its weakest claim."""
    return max((_strength(claim, found) for claim in given), key=HOW.index, default=HOW[-1])


def _counts(paired: Mapping[Statement, tuple[str, ...]], found: Sequence[Proof]) -> str:
    verdicts = [_verdict(given, found) for given in paired.values()]
    counted = ", ".join(f"{verdicts.count(how)} {how}" for how in HOW if how in verdicts)
    return f"\n{len(verdicts)} statements: {counted}.\n"


def _sections(paired: Mapping[Statement, tuple[str, ...]], found: Sequence[Proof]) -> str:
    text = ""
    for section in dict.fromkeys(statement.section for statement in paired):
        text += f"\n## {section}\n\n"
        for statement, given in paired.items():
            if statement.section == section:
                text += f"- {_unlinked(statement.text)} **{_verdict(given, found)}**\n"
                text += "".join(f"  - {_line(claim, found)}\n" for claim in given)
    return text


def _beyond(rest: Sequence[Proof]) -> str:
    lines = [f"- {_line(claim, rest)}\n" for claim in dict.fromkeys(one.claim for one in rest)]
    return "".join(["\n## Beyond the README\n\n", *lines]) if lines else ""


def _line(claim: str, found: Sequence[Proof]) -> str:
    links = [f"[{one.test or Path(one.file).stem}](../{one.file})" for one in found if one.claim == claim]
    return f"{_strength(claim, found)}: {claim}" + (f" ({', '.join(links)})" if links else "")


def _unlinked(text: str) -> str:
    # A link of the README is relative to another folder.
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
