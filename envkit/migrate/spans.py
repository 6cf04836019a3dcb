"""JSON with positions: which characters of a text each value takes, so that one can be changed and the rest kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

SPACE = re.compile(r"[ \t\n\r]*")
DEPTH_MAX = 200  # far more than a notebook has, and far less than what ends a process
DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Node:
    """One value.

    Attributes:
        start: Of its first character.
        end: Behind its last.
        value: A text, members by key, or elements; None for numbers, true, false and null, which nobody asks for.
    """

    start: int
    end: int
    value: str | dict[str, Node] | list[Node] | None

    def member(self, key: str) -> Node | None:
        """Return an object's member; None where there is none, or this is no object."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def elements(self) -> list[Node]:
        """Return an array's elements; none where this is no array."""
        return self.value if isinstance(self.value, list) else []

    def text(self) -> str | None:
        """Return a text; None where this is none."""
        return self.value if isinstance(self.value, str) else None


def parse(text: str) -> Node:
    """Return a JSON text's value; of members with the same key the last counts, as everywhere in Python.

    Raises:
        ValueError: It is no JSON, or nested too deeply.
    """
    node = _value(text, _past(text, 0), 0)
    if _past(text, node.end) != len(text):
        raise json.JSONDecodeError("something follows the value", text, node.end)
    return node


def _value(text: str, at: int, depth: int) -> Node:
    if depth > DEPTH_MAX:
        raise json.JSONDecodeError("it is nested too deeply", text, at)
    opening = text[at : at + 1]
    if opening == "{":
        return _object(text, at, depth)
    if opening == "[":
        return _array(text, at, depth)
    value, end = DECODER.raw_decode(text, at)
    return Node(at, end, value if isinstance(value, str) else None)


def _object(text: str, start: int, depth: int) -> Node:
    members: dict[str, Node] = {}
    at = _past(text, start + 1)
    while text[at : at + 1] != "}":
        if members:
            at = _past(text, _expect(text, at, ","))
        key = _value(text, at, depth + 1)
        if not isinstance(key.value, str):
            raise json.JSONDecodeError("a key has to be a text", text, at)
        at = _past(text, _expect(text, _past(text, key.end), ":"))
        members[key.value] = member = _value(text, at, depth + 1)
        at = _past(text, member.end)
    return Node(start, at + 1, members)


def _array(text: str, start: int, depth: int) -> Node:
    elements: list[Node] = []
    at = _past(text, start + 1)
    while text[at : at + 1] != "]":
        if elements:
            at = _past(text, _expect(text, at, ","))
        elements.append(_value(text, at, depth + 1))
        at = _past(text, elements[-1].end)
    return Node(start, at + 1, elements)


def _past(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"{mark!r} is expected", text, at)
    return at + 1
