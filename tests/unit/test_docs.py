"""The pages are correct: links, commands, codes and examples; and generated pages are current."""

from __future__ import annotations

import ast
import json
import re
import shlex
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from envkit import config, state
from envkit.cli import main
from envkit.cli.app import HIDDEN_VERBS, VERBS, create_app
from envkit.environment import up_cache
from envkit.environment.remote import sync
from envkit.errors import ExitCode
from scripts.dev import make_recording
from scripts.docs import make_cli, make_config, make_exit_codes, pages, site_hook
from scripts.docs.__main__ import PAGES as GENERATED
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
GROUP = get_command(create_app([]))
GROUP_OPTIONS = {option for parameter in GROUP.params for option in parameter.opts}
OPTIONS = {
    verb: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for verb, command in GROUP.commands.items()  # type: ignore[attr-defined]
}
LIST_ITEM = re.compile(r"(?:[-*]|[0-9]+\.) ")


def read(page: Path) -> str:
    return page.read_text("utf-8")


def prose(page: Path) -> str:
    return FENCE.sub("", read(page))


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def command_lines(text: str, program: str) -> list[list[str]]:
    """Return the arguments of each command line of a program in a page's code."""
    candidates = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    candidates += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    lines = [candidate.removeprefix("$ ").split("  #")[0] for candidate in candidates]
    return [shlex.split(line)[1:] for line in lines if re.match(rf"{program} [a-z-]", line) and "…" not in line]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings on a code host."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_have_targets() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(page))):
            path, _, anchor = link.partition("#")
            if path.startswith("https://"):
                continue
            target = (page.parent / path) if path else page
            assert target.exists(), f"{name(page)}: {link}"
            assert not anchor or anchor in anchors(target), f"{name(page)}: {link}"


def test_commands_exist_with_their_options() -> None:
    for page in PAGES:
        for verb, *rest in command_lines(read(page), "envkit"):
            assert verb in VERBS.keys() | GROUP_OPTIONS, f"{name(page)}: envkit {verb}"
            own = rest if verb not in {"exec", "ssh"} else rest[:0]  # the rest is for the program in the container
            unknown = {word.split("=")[0] for word in own if word.startswith("--")} - OPTIONS.get(verb, set())
            assert unknown == set(), f"{name(page)}: envkit {verb}"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    for page in PAGES:
        used = {word for words in command_lines(read(page), "make") for word in words if "=" not in word}
        assert used <= targets, name(page)


def test_yaml_examples_are_valid_configs() -> None:
    for page in PAGES:
        for language, block in FENCE.findall(read(page)):
            if language == "yaml":
                config.load(block)


def test_lists_and_tables_follow_an_empty_line() -> None:
    """The site's renderer takes them for text otherwise; the code host does not."""
    for page in PAGES:
        lines = prose(page).splitlines()
        for previous, line in pairwise(lines):
            is_first_item = LIST_ITEM.match(line) and not re.match(r"\s", previous) and not LIST_ITEM.match(previous)
            is_first_row = line.startswith("|") and not previous.startswith("|")
            assert not previous or not (is_first_item or is_first_row), f"{name(page)}: {line}"


def test_the_list_of_verbs_fits_80_columns() -> None:
    verbs = GROUP.commands  # type: ignore[attr-defined]
    columns = 80 - 8 - max(map(len, verbs))  # the width next to the names
    assert [verb for verb, command in verbs.items() if command.get_short_help_str(columns).endswith("...")] == []


def test_the_readme_has_every_verb_and_no_other() -> None:
    verbs = re.findall(r"^\| `envkit ([a-z-]+)` \|", README, re.MULTILINE)
    assert sorted(verbs) == sorted(set(VERBS) - HIDDEN_VERBS)


def test_the_command_page_has_every_option_and_no_other() -> None:
    for verb in set(VERBS) - HIDDEN_VERBS:
        listed = {flag for parameter in make_cli.parameters(verb) for flag in re.findall(r"-[\w-]+", parameter.label)}
        assert listed == {option for option in OPTIONS[verb] if option.startswith("-")}, verb


@pytest.mark.proves("the reference has every exit code and no other", "real")
def test_the_reference_has_every_exit_code_and_no_other() -> None:
    assert list(make_exit_codes.meanings()) == sorted(ExitCode)
    codes = re.findall(r"^\| ([0-9]+) \|", read(pages.REFERENCE / "exit-codes.md"), re.MULTILINE)
    assert [int(code) for code in codes] == sorted(ExitCode)


def test_the_files_page_has_every_file_of_the_state_folder() -> None:
    text = read(pages.REFERENCE / "files.md")
    folders = [attribute for attribute, value in vars(state.StateDir).items() if isinstance(value, property)]
    for file in (*folders, state.STATE_FILE, up_cache.CACHE_FILE, sync.RECORD_FILE):
        assert re.search(rf"^\| `{file}/?` \|", text, re.MULTILINE), file


@pytest.mark.proves("`envkit schema` prints the JSON Schema", "real")
def test_the_schema_verb_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main.main(["schema"])
    assert exit_.value.code == 0
    assert json.loads(capsys.readouterr().out) == config.schema()


def test_generated_pages_are_current() -> None:
    for file, page in GENERATED.items():
        assert read(pages.REFERENCE / file) == page(), f"docs/reference/{file} is stale: run `make docs`"


def test_examples_of_keys_are_valid_configs() -> None:
    keys = "|".join(config.Config.model_fields)
    examples = re.findall(rf"`((?:{keys}): [^`]+)`", make_config.page())
    assert len(examples) > len(config.Config.model_fields)
    for example in examples:
        config.load(example)


def test_tests_that_pages_name_exist() -> None:
    links = [link for page in PAGES for link in re.findall(r"\[(\w+)\]\((?:\.\./)+(tests/[\w/]+\.py)\)", read(page))]
    for test, file in set(links):
        definition = rf"^\s*(?:async )?(?:def|class) {test}\b"
        assert test == Path(file).stem or re.search(definition, read(ROOT / file), re.MULTILINE), test


def test_the_architecture_page_has_the_import_layers() -> None:
    (layers,) = re.findall(r"^layers = (\[.*?^\])", read(ROOT / "pyproject.toml"), re.MULTILINE | re.DOTALL)
    assert "\n".join(ast.literal_eval(layers)) in read(ROOT / "docs/explanation/architecture.md")


def test_the_site_has_no_links_to_other_folders_of_the_checkout() -> None:
    text = "[a](../../tests/a.py#L1), [b](../how-to/b.md), [`c`](#c), ![d](../../d.svg)"
    assert site_hook.unlink_sources(text, "reference") == "a, [b](../how-to/b.md), [`c`](#c), ![d](../../d.svg)"


def test_the_site_has_no_escaped_pipes_in_table_code() -> None:
    assert site_hook.unescape_pipes("| `a\\|b` | c\\|d |\n`e\\|f`\n") == "| `a|b` | c\\|d |\n`e\\|f`\n"


def test_the_recording_is_small_and_loads_nothing() -> None:
    picture = read(make_recording.IMAGE)
    assert len(picture.encode()) < make_recording.SIZE_LIMIT
    assert "url(http" not in picture
    assert "@import" not in picture
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(picture).iter()}  # noqa: S314 - from this repository
    assert tags <= {"svg", "style", "defs", "clipPath", "rect", "g", "circle", "text", "set"}


def test_the_recording_shows_an_up_that_succeeded() -> None:
    picture = ET.fromstring(read(make_recording.IMAGE))  # noqa: S314 - from this repository
    words = " ".join("".join(picture.itertext()).replace("\xa0", " ").split())
    assert "$ envkit up" in words
    assert re.search(r"is up JupyterLab http://127\.0\.0\.1:[0-9]+/lab", words)
    assert "Proven TensorFlow 2.9.0 computes on CPU" in words
