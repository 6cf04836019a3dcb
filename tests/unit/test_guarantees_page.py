"""The page of guarantees: marks of the tests, paired with the statements of docs/claims.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.docs import pages
from scripts.docs.make_guarantees import CLAIMS, Proof, Statement, page, proofs, statements

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


def write_tree(tmp_path: Path, test: str, claims: str = "{}") -> Path:
    for path, text in {"tests/test_a.py": test, "docs/claims.yaml": claims}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_marks_are_found_on_files_tests_classes_and_cases(tmp_path: Path) -> None:
    assert proofs(write_tree(tmp_path, MARKED) / "tests") == (
        Proof("a whole file", "real", "tests/test_a.py", ""),
        Proof("of a case", "real", "tests/test_a.py", "TestTwo::test_three"),
        Proof("of a class", "fake", "tests/test_a.py", "TestTwo"),
        Proof("of a test, in two parts", "stand-in", "tests/test_a.py", "test_one"),
    )


def test_the_location_of_an_invalid_mark_is_reported(tmp_path: Path) -> None:
    for arguments in ('"x", "really"', "claim, 'real'", '"x"', '"", "real"', "1, 'real'"):
        tree = write_tree(tmp_path, f"@pytest.mark.proves({arguments})\ndef test_one(): ...\n")
        with pytest.raises(ValueError, match=r"tests/test_a\.py:1: write proves"):
            proofs(tree / "tests")


def test_statements_have_a_section_and_claims() -> None:
    text = "First:\n  - {statement: it starts, claims: [a, b]}\n  - {statement: it ends, claims: []}\n"
    assert statements(text) == (Statement("First", "it starts", ("a", "b")), Statement("First", "it ends", ()))


def test_the_weakest_claim_of_a_statement_counts(tmp_path: Path) -> None:
    for marks, verdict in (
        ([("a", "real"), ("b", "real")], "real"),
        ([("a", "real"), ("b", "fake")], "fake"),
        ([("a", "real"), ("b", "fake"), ("b", "stand-in")], "stand-in"),
        ([("a", "real")], "not yet"),
        ([], "not yet"),
    ):
        tests = "".join(f"@pytest.mark.proves({claim!r}, {how!r})\ndef test_it(): ...\n" for claim, how in marks)
        text = page(write_tree(tmp_path, tests, "One:\n  - {statement: it works, claims: [a, b]}\n"))
        assert f"1 statements: 1 {verdict}." in text, marks
        assert f"- it works **{verdict}**\n" in text, marks


def test_claims_without_a_statement_have_their_own_section(tmp_path: Path) -> None:
    text = page(write_tree(tmp_path, '@pytest.mark.proves("more", "real")\ndef test_more(): ...\n'))
    assert "## Other tested behavior\n\n- real: more ([test_more](../../tests/test_a.py))\n" in text


def test_every_claim_of_a_statement_is_shown_by_a_test() -> None:
    shown = {proof.claim for proof in proofs(pages.ROOT / "tests")}
    claims = {claim for statement in statements(CLAIMS.read_text("utf-8")) for claim in statement.claims}
    assert claims - shown == set()


def test_statements_are_distinct_sentences() -> None:
    texts = [statement.text for statement in statements(CLAIMS.read_text("utf-8"))]
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if not text.endswith(".") or "](" in text] == []
