"""What the pages say is so: links, commands, codes, examples, and the pages that are made from something else."""

from __future__ import annotations

import ast
import json
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.main import get_command

from envkit import config
from envkit.cli import main
from envkit.cli.app import HIDDEN_VERBS, VERBS, create_app
from envkit.errors import ExitCode
from scripts import make_config_page, make_proven_page, make_recording

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/*.md")])
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
GROUP = get_command(create_app([]))
OWN = {option for parameter in GROUP.params for option in parameter.opts}  # without a verb
OPTIONS = {
    verb: {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for verb, command in GROUP.commands.items()  # type: ignore[attr-defined]
}


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def commands(text: str, program: str) -> list[list[str]]:
    """Return the words of each command line of a program in a page's code."""
    pieces = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    pieces += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    found = []
    for piece in pieces:
        line = piece.removeprefix("$ ").split("  #")[0]
        if re.match(rf"{program} [a-z-]", line) and "…" not in line:
            found.append(shlex.split(line)[1:])
    return found


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as readers on the web make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text_of(page)))
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_exist_with_their_options(page: Path) -> None:
    for verb, *rest in commands(text_of(page), "envkit"):
        assert verb in VERBS.keys() | OWN, f"envkit {verb}"
        own = rest if verb not in {"exec", "ssh"} else rest[:0]  # the rest is for the program inside
        unknown = {word.split("=")[0] for word in own if word.startswith("--")} - OPTIONS.get(verb, set())
        assert unknown == set(), f"envkit {verb}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {word for words in commands(text_of(page), "make") for word in words if "=" not in word}
    assert named <= targets


def test_the_list_of_verbs_cuts_no_line_short() -> None:
    verbs = GROUP.commands  # type: ignore[attr-defined]
    columns = 80 - 8 - max(map(len, verbs))  # what a terminal of 80 columns leaves beside the names
    assert [name for name, one in verbs.items() if one.get_short_help_str(columns).endswith("...")] == []


def test_the_readme_has_every_verb_and_no_other() -> None:
    table = re.findall(r"^\| `envkit ([a-z-]+)` \|", README, re.MULTILINE)
    assert sorted(table) == sorted(set(VERBS) - HIDDEN_VERBS)


@pytest.mark.proves("the README has every exit code and no other", "real")
def test_the_readme_has_every_exit_code_and_no_other() -> None:
    table = re.findall(r"^\| ([0-9]+) \|", README, re.MULTILINE)
    assert [int(code) for code in table] == sorted(ExitCode)


@pytest.mark.proves("`envkit schema` prints the JSON Schema", "real")
def test_the_schema_verb_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["schema"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == config.schema()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_yaml_examples_are_valid_configs(page: Path) -> None:
    for language, block in FENCE.findall(text_of(page)):
        if language == "yaml":
            config.load(block)


@pytest.mark.parametrize("made", [make_config_page, make_proven_page], ids=["config.md", "proven.md"])
def test_the_made_page_is_current(made: object) -> None:
    assert text_of(made.PAGE) == made.page(), "run `make docs`"  # type: ignore[attr-defined]


def test_examples_of_keys_are_valid_configs() -> None:
    keys = "|".join(config.Config.model_fields)
    written = re.findall(rf"`((?:{keys}): [^`]+)`", make_config_page.page())
    assert len(written) > len(config.Config.model_fields)
    for example in written:
        config.load(example)


def test_every_statement_of_the_readme_has_its_claims_and_no_claim_is_for_nothing() -> None:
    starts = make_proven_page.claims(text_of(make_proven_page.CLAIMS))
    told = [one.text for one in make_proven_page.statements(README)]
    assert [text for text in told if not any(text.startswith(start) for start in starts)] == []
    assert {start: sum(text.startswith(start) for text in told) for start in starts} == dict.fromkeys(starts, 1)


def test_tests_that_pages_name_exist() -> None:
    found = [re.findall(r"\[(\w+)\]\(\.\./(tests/[\w/]+\.py)\)", text_of(page)) for page in PAGES]
    for name, file in {link for links in found for link in links}:
        text = text_of(ROOT / file)
        assert re.search(rf"^\s*(?:async )?(?:def|class) {name}\b", text, re.MULTILINE) or name == Path(file).stem


def test_the_layers_on_the_page_are_those_that_are_held() -> None:
    (held,) = re.findall(r"^layers = (\[.*?^\])", text_of(ROOT / "pyproject.toml"), re.MULTILINE | re.DOTALL)
    assert "\n".join(ast.literal_eval(held)) in text_of(ROOT / "docs/architecture.md")


def test_the_recording_is_small_and_loads_nothing() -> None:
    picture = text_of(make_recording.IMAGE)
    assert len(picture.encode()) < make_recording.SIZE_LIMIT
    assert "url(http" not in picture
    assert "@import" not in picture
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(picture).iter()}  # noqa: S314 - our own
    assert tags <= {"svg", "style", "defs", "clipPath", "rect", "g", "circle", "text", "set"}


def test_the_recording_shows_an_up_that_succeeded() -> None:
    picture = ET.fromstring(text_of(make_recording.IMAGE))  # noqa: S314 - our own
    words = " ".join("".join(picture.itertext()).replace("\xa0", " ").split())
    assert "$ envkit up" in words
    assert re.search(r"is up JupyterLab http://127\.0\.0\.1:[0-9]+/lab", words)
    assert "Proven TensorFlow 2.9.0 computes on CPU" in words
