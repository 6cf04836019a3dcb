"""Requirements in setup.py, setup.cfg, pyproject.toml, Pipfile and tox.ini, which are reported but not changed."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Location
from envkit.migrate.requirements.requirement import make_note, parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.outcome import Note

DEPENDENCY_KEY = re.compile(r"(?i)requir|depend|deps|extras")
PIPFILE_SECTIONS = {"packages", "dev-packages"}
SECTION = re.compile(r"[ \t]*\[+(?P<name>[^\]]+)\]+")
KEY = re.compile(r"(?P<key>[A-Za-z0-9_.\"'-]+)[ \t]*=(?!=)(?P<value>.*)")
QUOTED_STRING = re.compile(r"\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'")
LIST_ITEM = re.compile(r"[ \t]+(?P<text>[A-Za-z][^#\n]*)")


def notes(name: str, text: str, release: str) -> Iterator[Note]:
    """Yield notes about the packages that a file declares."""
    declarations = (
        _setup_requirements(text) if name.lower() == "setup.py" else _section_requirements(name.lower(), text)
    )
    for location, specifier in declarations:
        requirement = parse_requirement(specifier, location)
        note = make_note(requirement, release) if requirement else None
        if note is not None:
            yield note


def _setup_requirements(text: str) -> Iterator[tuple[Location, str]]:
    """Yield strings in values named after requirements, and all strings with a version specifier."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # syntax warnings about the user's file
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    dependency_ids = {id(child) for node in ast.walk(tree) if _declares_dependencies(node) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_requirement = id(node) in dependency_ids or re.fullmatch(
                r"[\w.-]+(?:\[[\w,]*\])?[ \t]*(?:==|>=|<=|~=|<|>).*", node.value
            )
            if is_requirement and "\n" not in node.value:
                yield Location(node.lineno, node.col_offset + 1), node.value


def _declares_dependencies(node: ast.AST) -> bool:
    names: list[str | None] = []
    if isinstance(node, ast.keyword):
        names = [node.arg]
    elif isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
    return any(name is not None and DEPENDENCY_KEY.search(name) for name in names)


def _section_requirements(name: str, text: str) -> Iterator[tuple[Location, str]]:
    section = key = ""
    is_ini = name in {"setup.cfg", "tox.ini"}
    for number, line in enumerate(text.split("\n"), 1):
        if header := SECTION.fullmatch(line.partition("#")[0].rstrip()):
            section, key = header["name"], ""
            continue
        pair = KEY.match(line)
        if pair is not None:
            key = pair["key"].strip("\"'")
        is_table = section in PIPFILE_SECTIONS or DEPENDENCY_KEY.search(section) is not None
        if not is_table and not DEPENDENCY_KEY.search(key):
            continue
        if is_ini:
            yield from _ini_requirements(line, number, pair)
        else:
            yield from _toml_requirements(line, number, pair, is_table=is_table)


def _ini_requirements(line: str, number: int, pair: re.Match[str] | None) -> Iterator[tuple[Location, str]]:
    if pair is not None and pair["value"].strip():
        start = pair.start("value") + len(pair["value"]) - len(pair["value"].lstrip())
        yield Location(number, start + 1), pair["value"]
    elif item := LIST_ITEM.match(line):
        yield Location(number, item.start("text") + 1), re.sub(r"^[\w,-]+:[ \t]+", "", item["text"])


def _toml_requirements(
    line: str, number: int, pair: re.Match[str] | None, *, is_table: bool
) -> Iterator[tuple[Location, str]]:
    key = pair["key"].strip("\"'") if pair is not None else ""
    if pair is not None and is_table and not pair["value"].lstrip().startswith("["):  # keras = "^2.2"
        version_match = QUOTED_STRING.search(pair["value"])
        specifier = (version_match["double"] or version_match["single"] or "") if version_match else ""
        specifier = specifier.replace("^", "~=") if specifier.count(".") else specifier.replace("^", ">=")
        yield (
            Location(number, 1),
            f"{key}{specifier if specifier[:1] in {*'<>=~!'} else f'=={specifier}' if specifier[:1].isdigit() else ''}",
        )
        return
    for quoted in QUOTED_STRING.finditer(line.partition(" #")[0]):
        yield Location(number, quoted.start() + 1), quoted["double"] or quoted["single"] or ""
