"""Lists with one requirement a line: pip's files, and conda's environments. Keras goes, where TensorFlow brings it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.migrate.ignored import ignores
from envkit.migrate.outcome import Note, Outcome, Rewrite, Where
from envkit.migrate.requirements.places import Place
from envkit.migrate.requirements.wanted import TENSORFLOW, Wanted, is_leftover, note, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = re.compile(r"[^\n]*\n|[^\n]+")
# Words and the space between them apart: a run of spaces is walked through once, however long it is.
PIP = re.compile(
    r"(?P<lead>[ \t]*)(?P<text>[A-Za-z][^#\\ \t\r\n]*(?:[ \t]+[^#\\ \t\r\n]+)*)"
    r"(?P<comment>[ \t]+#[^\r\n]*)?(?P<rest>[ \t]*\r?\n?)"
)
CONDA = re.compile(
    r"(?P<lead>[ \t]*-[ \t]+)(?P<quote>[\"']?)(?P<text>[A-Za-z][^#\\ \t\r\n\"']*(?:[ \t]+[^#\\ \t\r\n\"']+)*)(?P=quote)"
    r"(?P<comment>[ \t]+#[^\r\n]*)?(?P<rest>[ \t]*\r?\n?)"
)
DEPENDENCIES = re.compile(r"^dependencies[ \t]*:", re.MULTILINE)
FLOW = re.compile(r"^[ \t]*(?:-[ \t]+)?(?:dependencies|pip)[ \t]*:[ \t]*\[(?P<items>[^\]]{0,4000})\]", re.MULTILINE)
IN_FLOW = re.compile(r"(?P<comment>#[^\n]*)|(?P<text>[^\s,\"'#][^,\"'#\n]*)")
FROM_ADDRESS = re.compile(
    r"[ \t]*(?:-e[ \t]+|--editable[ \t=]+|-[ \t]+)?(?:-e[ \t]+)?[\"']?(?P<text>git\+[^\s\"']+)"
)
OTHERS = re.compile(r"[ \t]*(?:-r|--requirement)\b")
HELD_TOGETHER = re.compile(r".*\\\r?\n?")


@dataclass(frozen=True, slots=True)
class Item:
    """A line.

    Attributes:
        number: From 1.
        text: All of it.
        found: Its parts, where it is a requirement.
        wanted: What it asks for, if anything.
    """

    number: int
    text: str
    found: re.Match[str] | None
    wanted: Wanted | None

    @property
    def lead(self) -> str | None:
        """What stands before the requirement."""
        return None if self.found is None else self.found["lead"]


def migrate(content: bytes, text: str, kind: Place, release: str) -> Outcome:
    """Take Keras out of a list where TensorFlow stands beside it, put TensorFlow in its place where it does not."""
    if kind is Place.CONDA and DEPENDENCIES.search(text) is None:
        return Outcome(content)
    items = _items(text, CONDA if kind is Place.CONDA else PIP)
    brought = any(one.wanted.name in TENSORFLOW for one in items if one.wanted) or kind is Place.CONSTRAINTS
    includes = any(OTHERS.match(one.text) for one in items)
    rewrites: list[Rewrite] = []
    notes: list[Note] = []
    written: list[str] = []
    for at, item in enumerate(items):
        if item.wanted is None:
            written.append(item.text)
            continue
        if is_leftover(item.wanted, release) and _is_alone(items, at) and (brought or not includes):
            new = "" if brought else f"tensorflow=={release}"
            if new or kind is not Place.CONDA or _has_siblings(items, at):
                rewrites.append(Rewrite(item.wanted.where, "requirements/keras", item.wanted.text, new))
                written.append(_without(item, new))
                brought = True
                continue
        told = note(item.wanted, release)
        notes += [told] if told else []
        written.append(item.text)
    made = "".join(written).encode("latin-1") if rewrites else content
    if kind is Place.CONDA:
        notes += _flowing(text, release)
    return Outcome(made, tuple(rewrites), tuple(notes))


def _flowing(text: str, release: str) -> Iterator[Note]:
    """Yield what is to be said of lists in brackets, which stay as they are."""
    for found in FLOW.finditer(text):
        for item in IN_FLOW.finditer(found["items"]):
            at = found.start("items") + item.start("text")
            where = Where(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
            one = None if item["comment"] else wanted(item["text"], where)
            if told := note(one, release) if one else None:
                yield told


def _items(text: str, form: re.Pattern[str]) -> list[Item]:
    made = []
    for number, line in enumerate(LINE.findall(text), 1):
        found = form.fullmatch(line)
        one = wanted(found["text"], Where(number, found.start("text") + 1)) if found else None
        if found is None and HELD_TOGETHER.fullmatch(line):  # hashes follow
            one = wanted(line.rstrip("\\\r\n \t"), Where(number, 1))
        if one is None and (address := FROM_ADDRESS.match(line)):
            one = wanted(address["text"], Where(number, address.start("text") + 1))
        made.append(Item(number, line, found, one))
    return made


def _is_alone(items: list[Item], at: int) -> bool:
    """Say whether a requirement may go with its line: no condition, no address, no further line, no word against it."""
    item = items[at]
    if ignores(item.text, "requirements/keras"):
        return False
    if item.found is None or item.wanted is None or (at and HELD_TOGETHER.fullmatch(items[at - 1].text)):
        return False
    return not any(mark in item.wanted.text for mark in (";", "@", "--", "://"))


def _has_siblings(items: list[Item], at: int) -> bool:
    beside = [items[other].lead for other in (at - 1, at + 1) if 0 <= other < len(items)]
    return items[at].lead in beside


def _without(item: Item, new: str) -> str:
    found = item.found
    if found is None:
        return item.text
    if new:
        start, end = found.span("text")
        return item.text[:start] + new + item.text[end:]
    return found["comment"].lstrip() + found["rest"] if found["comment"] else ""

