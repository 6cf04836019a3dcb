"""YAML text -> values with their lines, by the rules of YAML 1.2.

The tree is built from the parser's events. Composing nodes first would be shorter, but the C loader composes
recursively, and a text of a few thousand `[` crashes the process. Here depth and size are limited while the text is
read, so a small text that expands to a huge value fails with an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from envkit.config.display import HIDDEN_CHARACTER, KeyPath, code_point, display_text, format_key_path
from envkit.errors import ConfigError
from envkit.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXT_LIMIT_BYTES = 256 * 1024
SIZE_LIMIT = 10_000
DEPTH_LIMIT = 40
_TOO_DEEP = f"nested deeper than {DEPTH_LIMIT} levels; remove levels"

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Eighteen digits fit a machine word; a longer number remains a string, so Python never converts a huge one.
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o[0-7]{1,18}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,4})?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_STR_TAGS = frozenset({"tag:yaml.org,2002:str", "!"})
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the lines of its parts.

    Attributes:
        value: The plain value: None, bool, int, float, str, list or dict.
        raw: A scalar as written, such as `2.10` for the value 2.1; empty for lists and mappings.
        lines: 1-based line of each key or item.
        children: Node of each key or item. An alias shares the node of its anchor.
        size: Number of values in it, including itself and each use of an alias.
        height: Levels of nesting in it.
    """

    value: Any = None
    raw: str = ""
    lines: Mapping[str | int, int] = field(default_factory=dict)
    children: Mapping[str | int, Node] = field(default_factory=dict)
    size: int = 1
    height: int = 1

    def locate(self, path: KeyPath) -> tuple[int, Node | None]:
        """Return the line of the last existing key on a path, and the node at the path if it exists."""
        line, node = 0, self
        for part in path:
            if part not in node.children:
                return line, None
            line, node = node.lines[part], node.children[part]
        return line, node


def read(text: str, file: str) -> tuple[Node, tuple[Problem, ...]]:
    """Parse one YAML document.

    Returns:
        The document, and its duplicate keys as problems.

    Raises:
        ConfigError: The text cannot be parsed; contains one problem with its line.
    """
    _check_text(text, file)
    reader = _Reader(text.removeprefix("\ufeff"), file)
    try:
        return reader.read_document(), tuple(reader.problems)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_problem(error, file)]) from None
    except yaml.YAMLError:
        raise ConfigError([Problem(file, 0, "", "invalid YAML; check it in a YAML editor", "invalid-yaml")]) from None


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 0
    # libyaml 0.2.6 and later (PyYAML 6.0.4) has its own depth limit, and reaches it before the first event is read.
    if "nesting depth" in str(error.problem):
        return Problem(file, line, "", _TOO_DEEP, "nested-too-deep")
    reason = display_text(str(error.problem or error.context), 120)
    message = f"invalid YAML: {reason}; check quotes, indentation and brackets"
    return Problem(file, line, "", message, "invalid-yaml")


def _check_text(text: str, file: str) -> None:
    hidden = HIDDEN_CHARACTER.search(text.removeprefix("\ufeff"))
    if len(text.encode(errors="replace")) > TEXT_LIMIT_BYTES:
        message = f"larger than {TEXT_LIMIT_BYTES // 1024} KiB; check that this is the right file"
        raise ConfigError([Problem(file, 0, "", message, "config-too-large")])
    if hidden:
        line = len(_LINE_BREAK.findall(text, 0, hidden.start())) + 1
        message = f"contains the invisible character {code_point(hidden.group())}; remove it"
        raise ConfigError([Problem(file, line, "", message, "hidden-character")])


class _Reader:
    """Builds the tree of one document from its events."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node] = {}
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=LOADER))

    def read_document(self) -> Node:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return Node()
        node = self.read_node(next(self.events), ())
        next(self.events)  # the end of the document
        next_event = next(self.events)
        if not isinstance(next_event, yaml.StreamEndEvent):
            message = "a second YAML document starts here; remove the `---`"
            raise self.error(next_event, message, "unsupported-yaml")
        return node

    def read_node(self, event: Any, path: KeyPath) -> Node:
        if len(path) >= DEPTH_LIMIT:
            raise self.depth_error(event)
        if isinstance(event, yaml.AliasEvent):
            return self.resolve_alias(event, path)
        self.check_tag(event)
        if isinstance(event, yaml.SequenceStartEvent):
            node = self.read_sequence(path)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self.read_mapping(path)
        else:
            is_plain = event.implicit[0] and not event.tag
            node = Node(resolve_scalar(event.value) if is_plain else event.value, event.value)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def resolve_alias(self, event: Any, path: KeyPath) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            name = display_text(event.anchor)
            message = f"the alias *{name} has no anchor before it; replace it with the value"
            raise self.error(event, message, "invalid-yaml")
        if len(path) + node.height > DEPTH_LIMIT:
            raise self.depth_error(event)
        return node

    def check_tag(self, event: Any) -> None:
        if event.tag and not (isinstance(event, yaml.ScalarEvent) and event.tag in _STR_TAGS):
            tag = display_text(event.tag.replace("tag:yaml.org,2002:", "!!"))
            message = f"the tag {tag} is not supported; remove it, and put strings in quotes"
            raise self.error(event, message, "unsupported-yaml")

    def read_sequence(self, path: KeyPath) -> Node:
        lines: dict[str | int, int] = {}
        children: dict[str | int, Node] = {}
        size = 1
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            index = len(children)
            lines[index], children[index] = _line(event), self.read_node(event, (*path, index))
            size = self.add_size(size, children[index], event)
        return _collection([child.value for child in children.values()], lines, children, size)

    def read_mapping(self, path: KeyPath) -> Node:
        lines: dict[str | int, int] = {}
        children: dict[str | int, Node] = {}
        size = 1
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.read_key(event, path)
            child = self.read_node(next(self.events), (*path, key))
            size = self.add_size(size, child, event)
            if key in children:
                self.report_duplicate((*path, key), lines[key], _line(event))
            else:
                lines[key], children[key] = _line(event), child
        return _collection({str(key): child.value for key, child in children.items()}, lines, children, size)

    def read_key(self, event: Any, path: KeyPath) -> str:
        is_scalar = isinstance(event, yaml.ScalarEvent | yaml.AliasEvent)
        node = self.read_node(event, path) if is_scalar else None
        if node is None or isinstance(node.value, list | dict):
            message = "a list or mapping cannot be a key; use a word before the colon"
            raise self.error(event, message, "unsupported-yaml")
        return node.raw

    def report_duplicate(self, path: KeyPath, first_line: int, second_line: int) -> None:
        message = f"duplicate key, in lines {first_line} and {second_line}; keep one"
        self.problems.append(Problem(self.file, second_line, format_key_path(path), message, "duplicate-key"))

    def add_size(self, size: int, child: Node, event: Any) -> int:
        if size + child.size > SIZE_LIMIT:
            message = f"expands to more than {SIZE_LIMIT} values; remove values or nested aliases"
            raise self.error(event, message, "config-too-large")
        return size + child.size

    def depth_error(self, event: Any) -> ConfigError:
        return self.error(event, _TOO_DEEP, "nested-too-deep")

    def error(self, event: Any, message: str, code: str) -> ConfigError:
        return ConfigError([Problem(self.file, _line(event), "", message, code)])


def _collection(value: Any, lines: Mapping[str | int, int], children: Mapping[str | int, Node], size: int) -> Node:
    height = 1 + max((child.height for child in children.values()), default=0)
    return Node(value, "", lines, children, size, height)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def resolve_scalar(raw: str) -> Any:
    """Convert a plain scalar by YAML 1.2's core schema: `on`, `22:22` and dates are strings."""
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
