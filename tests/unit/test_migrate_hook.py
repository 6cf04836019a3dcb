"""The pre-commit hook uses existing options and supported files; the page of the command lists every file rule."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import yaml
from typer.main import get_command

from envkit.cli.app import create_app
from envkit.migrate.dispatch import RULES, is_supported

ROOT = Path(__file__).resolve().parents[2]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
SUPPORTED_PATHS = [
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


def test_hook_selects_supported_files() -> None:
    for path in SUPPORTED_PATHS:
        assert re.search(HOOK["files"], path), path
        assert is_supported(PurePosixPath(path)), path


def test_hook_selects_no_other_files() -> None:
    for path in ("a.pyc", "README.md", "notes.txt", "mypyproject.toml", "data/a.json"):
        assert re.search(HOOK["files"], path) is None, path


def test_hook_uses_existing_options() -> None:
    words: list[str] = [*HOOK["entry"].split(), *HOOK["args"]]
    assert words[:2] == ["envkit", "migrate"]
    command = get_command(create_app(["migrate"])).commands["migrate"]  # type: ignore[attr-defined]
    assert set(words[2:]) <= {option for parameter in command.params for option in parameter.opts}


def test_command_page_lists_every_file_rule() -> None:
    page = (ROOT / "docs/reference/migrate.md").read_text("utf-8")
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []
