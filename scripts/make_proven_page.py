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
EVIDENCE_LEVELS = ("real", "stand-in", "quoted", "fake", "not yet")  # strongest first
IGNORED_SECTIONS = {"Where to go next"}  # sections of README.md that state nothing

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
    evidence: str
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
    all_proofs = proofs(root / "tests")
    table = claims((root / "docs/claims.yaml").read_text("utf-8"))
    readme_statements = statements((root / "README.md").read_text("utf-8"))
    statement_claims = {statement: _claims_of(statement, table) for statement in readme_statements}
    used_claims = {claim for group in statement_claims.values() for claim in group}
    other_proofs = [proof for proof in all_proofs if proof.claim not in used_claims]
    return (
        HEAD
        + _counts(statement_claims, all_proofs)
        + _sections(statement_claims, all_proofs)
        + _other_section(other_proofs)
    )


def proofs(folder: Path) -> tuple[Proof, ...]:
    """Return what the marks of all tests below a folder say, in the order of claims and files.

    Raises:
        ValueError: A mark's claim is no literal text, or its how is none of the four; says where.
    """
    collected: set[Proof] = set()
    for path in folder.rglob("*.py"):
        text = path.read_text("utf-8")
        if "proves(" in text:
            marks = _MarkCollector(path.relative_to(folder.parent).as_posix())
            marks.visit(ast.parse(text))
            collected |= marks.proofs
    return tuple(sorted(collected))


def claims(text: str) -> dict[str, tuple[str, ...]]:
    """Return the claims that show a statement, by the statement's first words."""
    return {str(start): tuple(claim_names or ()) for start, claim_names in (yaml.safe_load(text) or {}).items()}


def statements(readme: str) -> tuple[Statement, ...]:
    """Return each list item and table row of a README, with its section."""
    items, section = [], ""
    text_ = re.sub(r"^```.*?^```", "", readme, flags=re.MULTILINE | re.DOTALL)
    for line in re.sub(r"\n {2,}", " ", text_).splitlines():  # an item's further lines are indented
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif section not in IGNORED_SECTIONS and (text := _statement(line)):
            items.append(Statement(section, text))
    return tuple(items)


def _statement(line: str) -> str:
    if line.startswith("- "):
        return line.removeprefix("- ")
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    is_row = line.startswith("|") and not set(line) <= set("|-: ") and cells[0] not in {"command", "code"}
    return ": ".join(cells) if is_row else ""


def _claims_of(statement: Statement, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return next((claim_names for start, claim_names in table.items() if statement.text.startswith(start)), ())


class _MarkCollector(ast.NodeVisitor):
    """Collects the marks of a file: one stands on a test, a class or the whole file, or in a test's parameters."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.scope_names: list[str] = []
        self.proofs: set[Proof] = set()

    def generic_visit(self, node: ast.AST) -> None:
        is_scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_scope:
            self.scope_names.append(node.name)  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "proves":
            self.proofs.add(_proof(node, self.file, "::".join(self.scope_names)))
        super().generic_visit(node)
        if is_scope:
            self.scope_names.pop()


def _proof(call: ast.Call, file: str, test: str) -> Proof:
    arguments = dict(zip(("claim", "how"), call.args, strict=False))
    arguments |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    try:
        claim, evidence = (ast.literal_eval(arguments[name]) for name in ("claim", "how"))
    except (ValueError, KeyError):
        claim, evidence = "", ""
    if not isinstance(claim, str) or not claim or evidence not in EVIDENCE_LEVELS[:-1]:
        raise ValueError(f'{file}:{call.lineno}: write proves("a claim", "real"), "stand-in", "quoted" or "fake"')
    return Proof(" ".join(claim.split()), evidence, file, test)


def _strength(claim: str, all_proofs: Sequence[Proof]) -> str:
    """Return how a claim was shown best."""
    return min(
        (proof.evidence for proof in all_proofs if proof.claim == claim),
        key=EVIDENCE_LEVELS.index,
        default=EVIDENCE_LEVELS[-1],
    )


def _verdict(claim_names: Iterable[str], all_proofs: Sequence[Proof]) -> str:
    """Return how a statement was shown: as its weakest claim."""
    return max(
        (_strength(claim, all_proofs) for claim in claim_names), key=EVIDENCE_LEVELS.index, default=EVIDENCE_LEVELS[-1]
    )


def _counts(statement_claims: Mapping[Statement, tuple[str, ...]], all_proofs: Sequence[Proof]) -> str:
    verdicts = [_verdict(claim_names, all_proofs) for claim_names in statement_claims.values()]
    totals = ", ".join(f"{verdicts.count(level)} {level}" for level in EVIDENCE_LEVELS if level in verdicts)
    return f"\n{len(verdicts)} statements: {totals}.\n"


def _sections(statement_claims: Mapping[Statement, tuple[str, ...]], all_proofs: Sequence[Proof]) -> str:
    text = ""
    for section in dict.fromkeys(statement.section for statement in statement_claims):
        text += f"\n## {section}\n\n"
        for statement, claim_names in statement_claims.items():
            if statement.section == section:
                text += f"- {_strip_links(statement.text)} **{_verdict(claim_names, all_proofs)}**\n"
                text += "".join(f"  - {_line(claim, all_proofs)}\n" for claim in claim_names)
    return text


def _other_section(other_proofs: Sequence[Proof]) -> str:
    lines = [f"- {_line(claim, other_proofs)}\n" for claim in dict.fromkeys(proof.claim for proof in other_proofs)]
    return "".join(["\n## Beyond the README\n\n", *lines]) if lines else ""


def _line(claim: str, all_proofs: Sequence[Proof]) -> str:
    links = [
        f"[{proof.test or Path(proof.file).stem}](../{proof.file})" for proof in all_proofs if proof.claim == claim
    ]
    return f"{_strength(claim, all_proofs)}: {claim}" + (f" ({', '.join(links)})" if links else "")


def _strip_links(text: str) -> str:
    # A link of the README is relative to another folder.
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
