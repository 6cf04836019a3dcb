"""Each rule of `migrate` does what its cases show, and leaves alone what they show as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.migrate import api
from envkit.migrate.code import migrate
from envkit.migrate.rules.table import TABLE
from scripts import make_migrate_page
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CASES = ROOT / "tests/cases/migrate"
RULES = sorted(TABLE)
RELEASE = api.load("2.9.0")


def case(rule: str) -> Path:
    """Return the folder of the rule's cases: before.py, after.py, notes.txt and kept.py."""
    return CASES / rule.replace("/", "-")


def told(source: bytes) -> list[str]:
    return [f"{note.where.line} {note.rule}" for note in migrate(source, RELEASE).notes]


@pytest.mark.parametrize("rule", RULES)
def test_before_becomes_after(rule: str) -> None:
    before, after = (case(rule) / "before.py").read_bytes(), (case(rule) / "after.py").read_bytes()
    assert migrate(before, RELEASE).content.decode() == after.decode()


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_is_what_the_case_shows(rule: str) -> None:
    outcome = migrate((case(rule) / "before.py").read_bytes(), RELEASE)
    assert rule in {one.rule for one in outcome.rewrites} | {one.rule for one in outcome.notes}


@pytest.mark.parametrize("rule", RULES)
def test_what_is_told(rule: str) -> None:
    notes = case(rule) / "notes.txt"
    assert told((case(rule) / "before.py").read_bytes()) == (notes.read_text().splitlines() if notes.exists() else [])


@pytest.mark.parametrize("rule", RULES)
def test_what_only_looks_like_it_stays(rule: str) -> None:
    kept = (case(rule) / "kept.py").read_bytes()
    outcome = migrate(kept, RELEASE)
    assert (outcome.content, [note.rule for note in outcome.notes if note.rule == rule]) == (kept, [])


@pytest.mark.parametrize("rule", RULES)
def test_a_second_run_finds_nothing(rule: str) -> None:
    after = (case(rule) / "after.py").read_bytes()
    outcome = migrate(after, RELEASE)
    assert (outcome.content, outcome.rewrites) == (after, ())


def test_the_page_is_made_from_the_table_and_the_cases() -> None:
    written = make_migrate_page.PAGE.read_text("utf-8")
    assert written == make_migrate_page.page(), "scripts/make_migrate_page.py writes docs/migrate-rules.md anew"


def test_every_case_is_of_a_rule() -> None:
    assert {path.name for path in CASES.iterdir()} == {rule.replace("/", "-") for rule in RULES}
