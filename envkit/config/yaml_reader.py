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

from envkit.config.display import HIDDEN_CHARACTER, KeyPath, code_point, display_text, format_key_path
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

    def locate(self, path: KeyPath) -> tuple[int, Node | None]:
        """Return the line of the nearest written key on a path, and the path's own node if it is there."""
        line, node = 0, self
        for part in path:
            if part not in node.children:
                return line, None
            line, node = node.lines[part], node.children[part]
        return line, node


def read(text: str, file: str) -> tuple[Node, tuple[Problem, ...]]:
    """Read one YAML document.

    Returns:
        The document, and the problems that left it readable: keys written twice.

    Raises:
        ConfigError: The text cannot be read any further; one problem says why and where.
    """
    _check_text(text, file)
    reader = _Reader(text.removeprefix("\ufeff"), file)
    try:
        return reader.read_document(), tuple(reader.problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError([Problem(file, mark.line + 1 if mark else 0, "", _syntax_error_message(error))]) from None
    except yaml.YAMLError:
        raise ConfigError([Problem(file, 0, "", "not valid YAML; check it with a YAML editor")]) from None


def _syntax_error_message(error: yaml.MarkedYAMLError) -> str:
    # libyaml 0.2.6 and later (PyYAML 6.0.4) stops at a depth of its own, and reads ahead to it before our first event.
    if "nesting depth" in str(error.problem):
        return _TOO_DEEP
    return f"not valid YAML: {display_text(str(error.problem or error.context), 120)}; check quotes, indentation and brackets"


def _check_text(text: str, file: str) -> None:
    hidden = HIDDEN_CHARACTER.search(text.removeprefix("\ufeff"))
    if len(text.encode(errors="replace")) > TEXT_LIMIT_BYTES:
        raise ConfigError([Problem(file, 0, "", f"larger than {TEXT_LIMIT_BYTES // 1024} KiB; is it the right file?")])
    if hidden:
        line = len(_LINE_BREAK.findall(text, 0, hidden.start())) + 1
        message = f"holds the unseen character {code_point(hidden.group())}; remove it"
        raise ConfigError([Problem(file, line, "", message)])


class _Reader:
    """Builds the tree of one document while its events arrive."""

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
            raise self.error(next_event, "a second document starts here; keep one, without `---` between keys")
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
            raise self.error(event, f"the alias *{name} names nothing written before it; write the value out")
        if len(path) + node.height > DEPTH_LIMIT:
            raise self.depth_error(event)
        return node

    def check_tag(self, event: Any) -> None:
        if event.tag and not (isinstance(event, yaml.ScalarEvent) and event.tag in _STR_TAGS):
            tag = display_text(event.tag.replace("tag:yaml.org,2002:", "!!"))
            raise self.error(event, f"the tag {tag} is not read here; remove it, and quote what has to stay text")

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
        if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            raise self.error(event, "a list or mapping cannot be a key; write a word before the colon")
        node = self.read_node(event, path)
        if isinstance(node.value, list | dict):
            raise self.error(event, "a list or mapping cannot be a key; write a word before the colon")
        return node.raw

    def report_duplicate(self, path: KeyPath, first_line: int, second_line: int) -> None:
        message = f"written twice, in line {first_line} and in line {second_line}; keep one"
        self.problems.append(Problem(self.file, second_line, format_key_path(path), message))

    def add_size(self, size: int, child: Node, event: Any) -> int:
        if size + child.size > SIZE_LIMIT:
            message = f"stands for more than {SIZE_LIMIT} values; write less, and fewer aliases of aliases"
            raise self.error(event, message)
        return size + child.size

    def depth_error(self, event: Any) -> ConfigError:
        return self.error(event, _TOO_DEEP)

    def error(self, event: Any, message: str) -> ConfigError:
        return ConfigError([Problem(self.file, _line(event), "", message)])


def _collection(value: Any, lines: Mapping[str | int, int], children: Mapping[str | int, Node], size: int) -> Node:
    height = 1 + max((child.height for child in children.values()), default=0)
    return Node(value, "", lines, children, size, height)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def resolve_scalar(raw: str) -> Any:
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
