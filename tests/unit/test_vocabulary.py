"""Code and docs use the field's terms; the only test that knows prose."""

from __future__ import annotations

from scripts.dev import check_vocabulary


def test_words_and_names_follow_the_rules() -> None:
    assert check_vocabulary.problems() == []


def test_the_check_finds_what_it_should() -> None:
    text = "The mend is printed.\nIt ends with 3.\nWhoever reads this is told so.\n"
    assert len(list(check_vocabulary.find_phrases("a.md", text))) == 4
    share, names = check_vocabulary.vague_share(iter(["one = 1\ncount = 2\n\ndef add(found, total): ...\n"]))
    assert (share, set(names)) == (0.5, {"one", "found"})
    assert list(check_vocabulary.repeated_module_names([f"{folder}/audit.py" for folder in "abcde"]))
