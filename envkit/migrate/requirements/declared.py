"""What setup.py, setup.cfg, pyproject.toml, Pipfile and tox.ini declare to be needed. Reported, not changed."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Where
from envkit.migrate.requirements.wanted import note, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envkit.migrate.outcome import Note

NEEDS = re.compile(r"(?i)requir|depend|deps|extras")
PIPFILE = {"packages", "dev-packages"}
SECTION = re.compile(r"[ \t]*\[+(?P<name>[^\]]+)\]+")
KEY = re.compile(r"(?P<key>[A-Za-z0-9_.\"'-]+)[ \t]*=(?!=)(?P<value>.*)")
QUOTED = re.compile(r"\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'")
LISTED = re.compile(r"[ \t]+(?P<text>[A-Za-z][^#\n]*)")


def notes(name: str, text: str, release: str) -> Iterator[Note]:
    """Yield what is to be said of the packages that a file declares."""
    found = _of_setup(text) if name.lower() == "setup.py" else _of_sections(name.lower(), text)
    for where, written in found:
        one = wanted(written, where)
        told = note(one, release) if one else None
        if told is not None:
            yield told


def _of_setup(text: str) -> Iterator[tuple[Where, str]]:
    """Yield texts below what is named for requirements, and others with a version."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own matter
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    needed = {id(below) for one in ast.walk(tree) if _needs(one) for below in ast.walk(one)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            asked = id(one) in needed or re.fullmatch(r"[\w.-]+(?:\[[\w,]*\])?[ \t]*(?:==|>=|<=|~=|<|>).*", one.value)
            if asked and "\n" not in one.value:
                yield Where(one.lineno, one.col_offset + 1), one.value


def _needs(one: ast.AST) -> bool:
    names: list[str | None] = []
    if isinstance(one, ast.keyword):
        names = [one.arg]
    elif isinstance(one, ast.Assign):
        names = [target.id for target in one.targets if isinstance(target, ast.Name)]
    return any(name is not None and NEEDS.search(name) for name in names)


def _of_sections(name: str, text: str) -> Iterator[tuple[Where, str]]:
    section = key = ""
    ini = name in {"setup.cfg", "tox.ini"}
    for number, line in enumerate(text.split("\n"), 1):
        if found := SECTION.fullmatch(line.partition("#")[0].rstrip()):
            section, key = found["name"], ""
            continue
        pair = KEY.match(line)
        if pair is not None:
            key = pair["key"].strip("\"'")
        is_table = section in PIPFILE or NEEDS.search(section) is not None
        if not is_table and not NEEDS.search(key):
            continue
        if ini:
            yield from _listed(line, number, pair)
        else:
            yield from _quoted(line, number, pair, is_table=is_table)


def _listed(line: str, number: int, pair: re.Match[str] | None) -> Iterator[tuple[Where, str]]:
    if pair is not None and pair["value"].strip():
        start = pair.start("value") + len(pair["value"]) - len(pair["value"].lstrip())
        yield Where(number, start + 1), pair["value"]
    elif found := LISTED.match(line):
        yield Where(number, found.start("text") + 1), re.sub(r"^[\w,-]+:[ \t]+", "", found["text"])


def _quoted(line: str, number: int, pair: re.Match[str] | None, *, is_table: bool) -> Iterator[tuple[Where, str]]:
    key = pair["key"].strip("\"'") if pair is not None else ""
    if pair is not None and is_table and not pair["value"].lstrip().startswith("["):  # keras = "^2.2"
        version = QUOTED.search(pair["value"])
        said = (version["double"] or version["single"] or "") if version else ""
        said = said.replace("^", "~=") if said.count(".") else said.replace("^", ">=")
        yield Where(number, 1), f"{key}{said if said[:1] in {*'<>=~!'} else f'=={said}' if said[:1].isdigit() else ''}"
        return
    for found in QUOTED.finditer(line.partition(" #")[0]):
        yield Where(number, found.start() + 1), found["double"] or found["single"] or ""
