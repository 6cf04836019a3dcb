"""The hook for pre-commit calls what exists, with files that the command takes; the page has every rule of files."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
import yaml
from typer.main import get_command

from envkit.cli.app import create_app
from envkit.migrate.dispatch import RULES, is_supported

ROOT = Path(__file__).resolve().parents[2]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
TAKEN = [
    "a.py",
    "src/b.pyw",
    "n.ipynb",
    "requirements.txt",
    "requirements/dev.in",
    "test-reqs.txt",
    "constraints.txt",
    "setup.cfg",
    "pkg/pyproject.toml",
    "Pipfile",
    "tox.ini",
]


@pytest.mark.parametrize("path", TAKEN)
def test_the_files_it_takes_are_known_to_the_command(path: str) -> None:
    assert re.search(HOOK["files"], path)
    assert is_supported(PurePosixPath(path))


@pytest.mark.parametrize("path", ["a.pyc", "README.md", "notes.txt", "mypyproject.toml", "data/a.json"])
def test_it_takes_no_others(path: str) -> None:
    assert re.search(HOOK["files"], path) is None


def test_it_calls_the_command_with_options_that_it_has() -> None:
    words: list[str] = [*HOOK["entry"].split(), *HOOK["args"]]
    assert words[:2] == ["envkit", "migrate"]
    command = get_command(create_app(["migrate"])).commands["migrate"]  # type: ignore[attr-defined]
    assert set(words[2:]) <= {option for one in command.params for option in one.opts}


def test_the_page_of_the_command_has_every_rule_of_files() -> None:
    page = (ROOT / "docs/migrate-command.md").read_text("utf-8")
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []
