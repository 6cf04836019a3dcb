"""JSON parser that keeps the position of each value in the text, so that single values can be replaced."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

SPACE = re.compile(r"[ \t\n\r]*")
MAX_DEPTH = 200  # far deeper than any notebook, far below the recursion limit
DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Node:
    """JSON value with its position.

    Attributes:
        start: Offset of the first character.
        end: Offset after the last character.
        value: String, members by key, or elements; None for numbers, true, false and null, which are not needed.
    """

    start: int
    end: int
    value: str | dict[str, Node] | list[Node] | None

    def member(self, key: str) -> Node | None:
        """Return a member of an object; None if it does not exist or this is not an object."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def elements(self) -> list[Node]:
        """Return the elements of an array; empty if this is not an array."""
        return self.value if isinstance(self.value, list) else []

    def text(self) -> str | None:
        """Return the string; None if this is not a string."""
        return self.value if isinstance(self.value, str) else None


def parse(text: str) -> Node:
    """Parse a JSON text. If a key occurs twice, the last member counts, as in Python's json module.

    Raises:
        ValueError: If the text is not valid JSON or is nested too deeply.
    """
    node = _parse_value(text, _skip_space(text, 0), 0)
    if _skip_space(text, node.end) != len(text):
        raise json.JSONDecodeError("unexpected text after the value", text, node.end)
    return node


def _parse_value(text: str, position: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise json.JSONDecodeError("nested too deeply", text, position)
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
            raise json.JSONDecodeError("a key must be a string", text, position)
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
        raise json.JSONDecodeError(f"{token!r} expected", text, position)
    return position + 1
