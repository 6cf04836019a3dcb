"""Find texts that every match of a regular expression contains.

Searching for a fixed text is much faster than searching for a regular expression, which matters in a log of 50 MB.
"""

from __future__ import annotations

import re

MIN_LENGTH = 3
_WORD = re.compile(r"[A-Za-z_]{3,}", re.ASCII)
_QUANTIFIERS_FROM_ZERO = frozenset("?*{")
_CLASS_ESCAPES = frozenset("dDwWsSbBAZ")
_LOOKAROUNDS = ("(?=", "(?!", "(?<")


def find_literals(pattern: str) -> tuple[str, ...]:
    """Return texts of which each match contains at least one; empty if the pattern guarantees none."""
    choices = [_best_choice(alternative) for alternative in split_alternatives(pattern)]
    literals = tuple(dict.fromkeys(literal for choice in choices for literal in choice))
    return literals if all(choices) and _shortest(literals) >= MIN_LENGTH else ()


def longest_word(literal: str) -> str:
    """Return the longest run of at least three letters and underscores in a literal, or an empty string."""
    return max(_WORD.findall(literal), key=len, default="")


def split_alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars outside of groups and character classes."""
    parts, start, depth, index = [], 0, 0, 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif character == "[":
            index = _class_end(pattern, index)
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and not depth:
            parts.append(pattern[start:index])
            start = index + 1
        index += 1
    return [*parts, pattern[start:]]


def _best_choice(pattern: str) -> tuple[str, ...]:
    """Return texts of which each match of a pattern without alternatives contains one: a long run, or a group's."""
    choices: list[tuple[str, ...]] = []
    run, index = "", 0
    while index < len(pattern):
        literal, end = _parse_item(pattern, index)
        following = pattern[end : end + 1] or " "
        is_optional = following in _QUANTIFIERS_FROM_ZERO
        if literal and not is_optional:
            run += literal
        if not literal or is_optional or following == "+":
            choices.append((run,))
            run = ""
        if pattern[index] == "(" and not is_optional and not pattern.startswith(_LOOKAROUNDS, index):
            choices.append(find_literals(_group_content(pattern[index + 1 : end - 1])))
        index = _quantifier_end(pattern, end)
    return max(((run,), *choices), key=_shortest)


def _shortest(literals: tuple[str, ...]) -> int:
    return min(map(len, literals), default=0)


def _group_content(group: str) -> str:
    return group.removeprefix("?:")


def _parse_item(pattern: str, index: int) -> tuple[str, int]:
    """Return the character that an item stands for, or nothing, and the index after the item."""
    character = pattern[index]
    if character == "\\":
        escaped = pattern[index + 1]
        return ("" if escaped in _CLASS_ESCAPES or escaped.isdigit() else escaped), index + 2
    if character == "[":
        return "", _class_end(pattern, index) + 1
    if character == "(":
        return "", _group_end(pattern, index) + 1
    return ("" if character in ".^$" else character), index + 1


def _quantifier_end(pattern: str, index: int) -> int:
    if pattern[index : index + 1] == "{":
        index = pattern.index("}", index) + 1
    while pattern[index : index + 1] in ("?", "*", "+"):
        index += 1
    return index


def _class_end(pattern: str, index: int) -> int:
    """Return the index of the bracket that closes a character class."""
    index += 2 if pattern[index + 1] in "]^" else 1
    index += pattern[index] == "]"
    while pattern[index] != "]":
        index += 2 if pattern[index] == "\\" else 1
    return index


def _group_end(pattern: str, index: int) -> int:
    """Return the index of the parenthesis that closes a group."""
    depth = 0
    while True:
        character = pattern[index]
        if character == "\\":
            index += 1
        elif character == "[":
            index = _class_end(pattern, index)
        elif character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return index
        index += 1
