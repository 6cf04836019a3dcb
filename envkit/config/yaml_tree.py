"""YAML text -> values that remember where they were written, by the rules of YAML 1.2.

The tree is built from the parser's events. Composing nodes first would be shorter, but
the C loader composes by recursion and a text of a few thousand `[` ends the process.
Here depth and size are bounded while the text is read, so a small text that stands for
a huge value gets an answer, not the machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from envkit.config.words import HIDDEN_CHARACTER, KeyPath, dotted, name_character, shown
from envkit.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXT_LIMIT_BYTES = 256 * 1024
SIZE_LIMIT = 10_000
DEPTH_LIMIT = 40
_TOO_DEEP = f"nested deeper than {DEPTH_LIMIT} levels; no config needs that"

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Eighteen digits fit every machine word; a longer run of digits stays text, and Python never has to count it.
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o[0-7]{1,18}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,4})?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_STR_TAGS = frozenset({"tag:yaml.org,2002:str", "!"})
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where its parts were written.

    Attributes:
        value: The plain value: None, bool, int, float, str, list or dict.
        raw: A scalar as it was written, such as `2.10` where the value is 2.1; empty for lists and mappings.
        lines: 1-based line of each key or item.
        children: Each key's or item's node. An alias shares the node it names.
        size: Number of values in it, itself included, aliases counted as often as they stand.
        height: Levels of nesting in it.
    """

    value: Any = None
    raw: str = ""
    lines: Mapping[str | int, int] = field(default_factory=dict)
    children: Mapping[str | int, Node] = field(default_factory=dict)
    size: int = 1
    height: int = 1

    def nearest(self, path: KeyPath) -> tuple[int, Node | None]:
        """Return the line of the nearest written key on a path, and the path's own node if it is there."""
        line, node = 0, self
        for step in path:
            if step not in node.children:
                return line, None
            line, node = node.lines[step], node.children[step]
        return line, node


def read(text: str, file: str) -> tuple[Node, tuple[Problem, ...]]:
    """Read one YAML document.

    Returns:
        The document, and the problems that left it readable: keys written twice.

    Raises:
        ConfigError: The text cannot be read any further; one problem says why and where.
    """
    _refuse_unreadable(text, file)
    reader = _Reader(text.removeprefix("\ufeff"), file)
    try:
        return reader.document(), tuple(reader.problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError([Problem(file, mark.line + 1 if mark else 0, "", _refusal(error))]) from None
    except yaml.YAMLError:
        raise ConfigError([Problem(file, 0, "", "not valid YAML; check it with a YAML editor")]) from None


def _refusal(error: yaml.MarkedYAMLError) -> str:
    # libyaml 0.2.6 and later (PyYAML 6.0.4) stops at a depth of its own, and reads ahead to it before our first event.
    if "nesting depth" in str(error.problem):
        return _TOO_DEEP
    return f"not valid YAML: {shown(str(error.problem or error.context), 120)}; check quotes, indentation and brackets"


def _refuse_unreadable(text: str, file: str) -> None:
    found = HIDDEN_CHARACTER.search(text.removeprefix("\ufeff"))
    if len(text.encode(errors="replace")) > TEXT_LIMIT_BYTES:
        raise ConfigError([Problem(file, 0, "", f"larger than {TEXT_LIMIT_BYTES // 1024} KiB; is it the right file?")])
    if found:
        line = len(_LINE_BREAK.findall(text, 0, found.start())) + 1
        message = f"holds the unseen character {name_character(found.group())}; remove it"
        raise ConfigError([Problem(file, line, "", message)])


class _Reader:
    """Builds the tree of one document while its events arrive."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node] = {}
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=LOADER))

    def document(self) -> Node:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return Node()
        node = self.node(next(self.events), ())
        next(self.events)  # the end of the document
        extra = next(self.events)
        if not isinstance(extra, yaml.StreamEndEvent):
            raise self.error(extra, "a second document starts here; keep one, without `---` between keys")
        return node

    def node(self, event: Any, path: KeyPath) -> Node:
        if len(path) >= DEPTH_LIMIT:
            raise self.too_deep(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path)
        self.refuse_tag(event)
        if isinstance(event, yaml.SequenceStartEvent):
            node = self.sequence(path)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self.mapping(path)
        else:
            plain = event.implicit[0] and not event.tag
            node = Node(resolved(event.value) if plain else event.value, event.value)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any, path: KeyPath) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            name = shown(event.anchor)
            raise self.error(event, f"the alias *{name} names nothing written before it; write the value out")
        if len(path) + node.height > DEPTH_LIMIT:
            raise self.too_deep(event)
        return node

    def refuse_tag(self, event: Any) -> None:
        if event.tag and not (isinstance(event, yaml.ScalarEvent) and event.tag in _STR_TAGS):
            tag = shown(event.tag.replace("tag:yaml.org,2002:", "!!"))
            raise self.error(event, f"the tag {tag} is not read here; remove it, and quote what has to stay text")

    def sequence(self, path: KeyPath) -> Node:
        lines: dict[str | int, int] = {}
        children: dict[str | int, Node] = {}
        size = 1
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            number = len(children)
            lines[number], children[number] = _line(event), self.node(event, (*path, number))
            size = self.grown(size, children[number], event)
        return _whole([child.value for child in children.values()], lines, children, size)

    def mapping(self, path: KeyPath) -> Node:
        lines: dict[str | int, int] = {}
        children: dict[str | int, Node] = {}
        size = 1
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            child = self.node(next(self.events), (*path, key))
            size = self.grown(size, child, event)
            if key in children:
                self.report_twice((*path, key), lines[key], _line(event))
            else:
                lines[key], children[key] = _line(event), child
        return _whole({str(key): child.value for key, child in children.items()}, lines, children, size)

    def key(self, event: Any, path: KeyPath) -> str:
        if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            raise self.error(event, "a list or mapping cannot be a key; write a word before the colon")
        node = self.node(event, path)
        if isinstance(node.value, list | dict):
            raise self.error(event, "a list or mapping cannot be a key; write a word before the colon")
        return node.raw

    def report_twice(self, path: KeyPath, first: int, second: int) -> None:
        message = f"written twice, in line {first} and in line {second}; keep one"
        self.problems.append(Problem(self.file, second, dotted(path), message))

    def grown(self, size: int, child: Node, event: Any) -> int:
        if size + child.size > SIZE_LIMIT:
            message = f"stands for more than {SIZE_LIMIT} values; write less, and fewer aliases of aliases"
            raise self.error(event, message)
        return size + child.size

    def too_deep(self, event: Any) -> ConfigError:
        return self.error(event, _TOO_DEEP)

    def error(self, event: Any, message: str) -> ConfigError:
        return ConfigError([Problem(self.file, _line(event), "", message)])


def _whole(value: Any, lines: Mapping[str | int, int], children: Mapping[str | int, Node], size: int) -> Node:
    height = 1 + max((child.height for child in children.values()), default=0)
    return Node(value, "", lines, children, size, height)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def resolved(raw: str) -> Any:
    """Return the value of a plain scalar by YAML 1.2's core schema: `on`, `22:22` and dates stay text."""
    if raw in _NULL:
        return None
    if raw in _BOOL:
        return _BOOL[raw]
    if _DECIMAL.fullmatch(raw):
        return int(raw)
    if _OCTAL.fullmatch(raw) or _HEX.fullmatch(raw):
        return int(raw[2:], 8 if raw[1] == "o" else 16)
    if _FLOAT.fullmatch(raw) or _SPECIAL_FLOAT.fullmatch(raw):
        return float(raw.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return raw
