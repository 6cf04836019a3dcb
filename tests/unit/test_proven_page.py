"""The page of what is proven: read from marks, paired with the README's statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.make_proven_page import Proof, Statement, claims, page, proofs, statements

if TYPE_CHECKING:
    from pathlib import Path

MARKED = """
import pytest

pytestmark = pytest.mark.proves("a whole file", "real")

@pytest.mark.proves("of a test, "
                    "in two parts", "stand-in")
def test_one(): ...

@pytest.mark.proves(how="fake", claim="of a class")
class TestTwo:
    @pytest.mark.parametrize("case", [pytest.param(1, marks=pytest.mark.proves("of a case", "real"))])
    def test_three(self, case): ...
"""


def tree(tmp_path: Path, test: str, readme: str = "", table: str = "{}") -> Path:
    for path, text in {"tests/test_a.py": test, "README.md": readme, "docs/claims.yaml": table}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_marks_are_found_wherever_they_may_stand(tmp_path: Path) -> None:
    assert proofs(tree(tmp_path, MARKED) / "tests") == (
        Proof("a whole file", "real", "tests/test_a.py", ""),
        Proof("of a case", "real", "tests/test_a.py", "TestTwo::test_three"),
        Proof("of a class", "fake", "tests/test_a.py", "TestTwo"),
        Proof("of a test, in two parts", "stand-in", "tests/test_a.py", "test_one"),
    )


@pytest.mark.parametrize(
    "mark", ['proves("x", "really")', "proves(claim, 'real')", 'proves("x")', 'proves("", "real")', "proves(1, 'real')"]
)
def test_a_mark_that_cannot_be_read_is_named(tmp_path: Path, mark: str) -> None:
    with pytest.raises(ValueError, match=r"tests/test_a\.py:1: write proves"):
        proofs(tree(tmp_path, f"@pytest.mark.{mark}\ndef test_one(): ...\n") / "tests")


def test_statements_are_items_and_rows_outside_of_code() -> None:
    readme = """
# Name
- before any section
## First
```
- in code
```
- an item
  that goes on
| command | does |
|---|---|
| `up` | starts |
## Where to go next
- a link
"""
    assert statements(readme) == (
        Statement("", "before any section"),
        Statement("First", "an item that goes on"),
        Statement("First", "`up`: starts"),
    )


def test_claims_are_texts_by_first_words() -> None:
    assert claims("0: [a]\n'`up`':\n") == {"0": ("a",), "`up`": ()}


@pytest.mark.parametrize(
    ("marks", "verdict"),
    [
        ([("a", "real"), ("b", "real")], "real"),
        ([("a", "real"), ("b", "fake")], "fake"),
        ([("a", "real"), ("b", "fake"), ("b", "stand-in")], "stand-in"),
        ([("a", "real")], "not yet"),
        ([], "not yet"),
    ],
)
def test_a_statement_counts_for_its_weakest_claim(tmp_path: Path, marks: list[tuple[str, str]], verdict: str) -> None:
    tests = "".join(f"@pytest.mark.proves({claim!r}, {how!r})\ndef test_it(): ...\n" for claim, how in marks)
    written = page(tree(tmp_path, tests, "## One\n- it works\n", "it works: [a, b]"))
    assert f"1 statements: 1 {verdict}." in written
    assert f"- it works **{verdict}**\n" in written


def test_what_no_statement_needs_is_told_apart(tmp_path: Path) -> None:
    written = page(tree(tmp_path, '@pytest.mark.proves("more", "real")\ndef test_more(): ...\n'))
    assert "## Beyond the README\n\n- real: more ([test_more](../tests/test_a.py))\n" in written
