"""Lists with one requirement per line (pip files and conda environments): remove Keras if TensorFlow includes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.migrate.outcome import Location, Note, Outcome, Rewrite
from envkit.migrate.requirements.file_kinds import FileKind
from envkit.migrate.requirements.requirement import TENSORFLOW, Requirement, is_leftover, make_note, parse_requirement
from envkit.migrate.suppressions import is_suppressed

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = re.compile(r"[^\n]*\n|[^\n]+")
# Words and the spaces between them are matched separately, so a long run of spaces is scanned only once.
PIP = re.compile(
    r"(?P<lead>[ \t]*)(?P<text>[A-Za-z][^#\\ \t\r\n]*(?:[ \t]+[^#\\ \t\r\n]+)*)"
    r"(?P<comment>[ \t]+#[^\r\n]*)?(?P<rest>[ \t]*\r?\n?)"
)
CONDA = re.compile(
    r"(?P<lead>[ \t]*-[ \t]+)(?P<quote>[\"']?)(?P<text>[A-Za-z][^#\\ \t\r\n\"']*(?:[ \t]+[^#\\ \t\r\n\"']+)*)(?P=quote)"
    r"(?P<comment>[ \t]+#[^\r\n]*)?(?P<rest>[ \t]*\r?\n?)"
)
DEPENDENCIES = re.compile(r"^dependencies[ \t]*:", re.MULTILINE)
FLOW_LIST = re.compile(
    r"^[ \t]*(?:-[ \t]+)?(?:dependencies|pip)[ \t]*:[ \t]*\[(?P<items>[^\]]{0,4000})\]", re.MULTILINE
)
FLOW_ITEM = re.compile(r"(?P<comment>#[^\n]*)|(?P<text>[^\s,\"'#][^,\"'#\n]*)")
GIT_REQUIREMENT = re.compile(
    r"[ \t]*(?:-e[ \t]+|--editable[ \t=]+|-[ \t]+)?(?:-e[ \t]+)?[\"']?(?P<text>git\+[^\s\"']+)"
)
INCLUDE = re.compile(r"[ \t]*(?:-r|--requirement)\b")
CONTINUED_LINE = re.compile(r".*\\\r?\n?")


@dataclass(frozen=True, slots=True)
class Item:
    """Line of a list.

    Attributes:
        number: 1-based line number.
        text: Whole line.
        match: Parts of the line if it is a requirement.
        requirement: Requirement, or None.
    """

    number: int
    text: str
    match: re.Match[str] | None
    requirement: Requirement | None

    @property
    def prefix(self) -> str | None:
        """Text before the requirement."""
        return None if self.match is None else self.match["lead"]


def migrate(content: bytes, text: str, kind: FileKind, release: str) -> Outcome:
    """Remove Keras from a list with TensorFlow; replace Keras by TensorFlow in a list without it."""
    if kind is FileKind.CONDA and DEPENDENCIES.search(text) is None:
        return Outcome(content)
    items = _parse_items(text, CONDA if kind is FileKind.CONDA else PIP)
    has_tensorflow = (
        any(item.requirement.name in TENSORFLOW for item in items if item.requirement) or kind is FileKind.CONSTRAINTS
    )
    has_includes = any(INCLUDE.match(item.text) for item in items)
    rewrites: list[Rewrite] = []
    notes: list[Note] = []
    lines: list[str] = []
    for index, item in enumerate(items):
        if item.requirement is None:
            lines.append(item.text)
            continue
        if (
            is_leftover(item.requirement, release)
            and _is_removable(items, index)
            and (has_tensorflow or not has_includes)
        ):
            replacement = "" if has_tensorflow else f"tensorflow=={release}"
            if replacement or kind is not FileKind.CONDA or _has_siblings(items, index):
                rewrites.append(
                    Rewrite(item.requirement.location, "requirements/keras", item.requirement.text, replacement)
                )
                lines.append(_replace_requirement(item, replacement))
                has_tensorflow = True
                continue
        note = make_note(item.requirement, release)
        notes += [note] if note else []
        lines.append(item.text)
    new_content = "".join(lines).encode("latin-1") if rewrites else content
    if kind is FileKind.CONDA:
        notes += _flow_notes(text, release)
    return Outcome(new_content, tuple(rewrites), tuple(notes))


def _flow_notes(text: str, release: str) -> Iterator[Note]:
    """Yield notes about flow-style lists, which are not changed."""
    for flow in FLOW_LIST.finditer(text):
        for item in FLOW_ITEM.finditer(flow["items"]):
            offset = flow.start("items") + item.start("text")
            location = Location(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
            requirement = None if item["comment"] else parse_requirement(item["text"], location)
            if note := make_note(requirement, release) if requirement else None:
                yield note


def _parse_items(text: str, pattern: re.Pattern[str]) -> list[Item]:
    items = []
    for number, line in enumerate(LINE.findall(text), 1):
        match = pattern.fullmatch(line)
        requirement = parse_requirement(match["text"], Location(number, match.start("text") + 1)) if match else None
        if match is None and CONTINUED_LINE.fullmatch(line):  # the next lines have hashes
            requirement = parse_requirement(line.rstrip("\\\r\n \t"), Location(number, 1))
        if requirement is None and (git_match := GIT_REQUIREMENT.match(line)):
            requirement = parse_requirement(git_match["text"], Location(number, git_match.start("text") + 1))
        items.append(Item(number, line, match, requirement))
    return items


def _is_removable(items: list[Item], index: int) -> bool:
    """Return whether the line can be removed: no marker, no URL, no continuation, no suppression."""
    item = items[index]
    if is_suppressed(item.text, "requirements/keras"):
        return False
    if item.match is None or item.requirement is None or (index and CONTINUED_LINE.fullmatch(items[index - 1].text)):
        return False
    return not any(marker in item.requirement.text for marker in (";", "@", "--", "://"))


def _has_siblings(items: list[Item], index: int) -> bool:
    neighbor_prefixes = [items[neighbor].prefix for neighbor in (index - 1, index + 1) if 0 <= neighbor < len(items)]
    return items[index].prefix in neighbor_prefixes


def _replace_requirement(item: Item, replacement: str) -> str:
    match = item.match
    if match is None:
        return item.text
    if replacement:
        start, end = match.span("text")
        return item.text[:start] + replacement + item.text[end:]
    return match["comment"].lstrip() + match["rest"] if match["comment"] else ""
