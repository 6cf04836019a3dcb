"""JSON with positions: which characters of a text each value takes, so that one can be changed and the rest kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

SPACE = re.compile(r"[ \t\n\r]*")
MAX_DEPTH = 200  # far more than a notebook has, and far less than what ends a process
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
    node = _parse_value(text, _skip_space(text, 0), 0)
    if _skip_space(text, node.end) != len(text):
        raise json.JSONDecodeError("something follows the value", text, node.end)
    return node


def _parse_value(text: str, position: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise json.JSONDecodeError("it is nested too deeply", text, position)
    opening = text[position : position + 1]
    if opening == "{":
        return _parse_object(text, position, depth)
    if opening == "[":
        return _parse_array(text, position, depth)
    value, end = DECODER.raw_decode(text, position)
    return Node(position, end, value if isinstance(value, str) else None)


def _parse_object(text: str, start: int, depth: int) -> Node:
    members: dict[str, Node] = {}
    position = _skip_space(text, start + 1)
    while text[position : position + 1] != "}":
        if members:
            position = _skip_space(text, _expect(text, position, ","))
        key = _parse_value(text, position, depth + 1)
        if not isinstance(key.value, str):
            raise json.JSONDecodeError("a key has to be a text", text, position)
        position = _skip_space(text, _expect(text, _skip_space(text, key.end), ":"))
        members[key.value] = member = _parse_value(text, position, depth + 1)
        position = _skip_space(text, member.end)
    return Node(start, position + 1, members)


def _parse_array(text: str, start: int, depth: int) -> Node:
    elements: list[Node] = []
    position = _skip_space(text, start + 1)
    while text[position : position + 1] != "]":
        if elements:
            position = _skip_space(text, _expect(text, position, ","))
        elements.append(_parse_value(text, position, depth + 1))
        position = _skip_space(text, elements[-1].end)
    return Node(start, position + 1, elements)


def _skip_space(text: str, position: int) -> int:
    match = SPACE.match(text, position)
    return match.end() if match else position


def _expect(text: str, position: int, token: str) -> int:
    if text[position : position + 1] != token:
        raise json.JSONDecodeError(f"{token!r} is expected", text, position)
    return position + 1
