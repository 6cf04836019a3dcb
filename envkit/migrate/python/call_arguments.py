"""The arguments of one call, and splices that change them but not the text between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from envkit.migrate.python.edits import Splice
    from envkit.migrate.python.parsed_file import Source

_SIMPLE_LITERAL = re.compile(r"""(?P<quote>["'])(?P<text>(?:(?!(?P=quote))[^\\\r\n])*)(?P=quote)""")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")


class Arguments:
    """The arguments of a call.

    Attributes:
        call: Call expression.
        positional: Positional arguments before the first unpacking.
        keywords: Keyword arguments by name.
        has_unpacking: Whether `*` or `**` may add arguments that are not visible here.
    """

    def __init__(self, source: Source, call: cst.Call) -> None:
        self.call = call
        self._source = source
        self.has_unpacking = any(arg.star for arg in call.args)
        self.positional: list[cst.Arg] = []
        for arg in call.args:
            if arg.star or arg.keyword is not None:
                break
            self.positional.append(arg)
        self.keywords = {arg.keyword.value: arg for arg in call.args if arg.keyword is not None}

    def rename(self, arg: cst.Arg, keyword: str) -> Splice:
        """Rename a keyword argument."""
        assert arg.keyword is not None  # noqa: S101 - only keyword arguments are renamed
        return (*self._source.spans[arg.keyword], keyword)

    def add_keyword(self, arg: cst.Arg, keyword: str) -> Splice:
        """Make a positional argument a keyword argument."""
        begin = self._source.start(arg)
        return (begin, begin, f"{keyword}=")

    def replace_value(self, arg: cst.Arg, text: str) -> Splice:
        """Replace the value of the argument."""
        return (*self._source.outer_span(arg.value), text)

    def wrap_in_tuple(self, first_arg: cst.Arg, last_arg: cst.Arg) -> list[Splice]:
        """Join the arguments from the first to the last into one tuple."""
        begin, end = self._source.outer_span(first_arg.value)[0], self._source.outer_span(last_arg.value)[1]
        return [(begin, begin, "("), (end, end, ")")]

    def remove(self, arg: cst.Arg) -> Splice:
        """Remove the argument and its comma."""
        index = list(self.call.args).index(arg)
        begin, end = self._source.start(arg), self._source.outer_span(arg.value)[1]
        if index + 1 < len(self.call.args):
            next_start = self._source.start(self.call.args[index + 1])
            gap = self._source.text[end:next_start]
            return (begin, next_start if "#" not in gap else end + gap.index(",") + 1, "")
        if index:
            previous_end = self._source.outer_span(self.call.args[index - 1].value)[1]
            if "#" not in self._source.text[previous_end:begin]:
                return (previous_end, end, "")
        remaining_text = self._source.text[end:]
        comma_length = (
            len(remaining_text) - len(remaining_text.lstrip()) + 1 if remaining_text.lstrip().startswith(",") else 0
        )
        return (begin, end + comma_length, "")


def string_value(node: cst.BaseExpression | None) -> str | None:
    """Return the value of a string literal, or None for anything else."""
    if not isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        return None
    if isinstance(node, cst.SimpleString) and (
        match := _SIMPLE_LITERAL.fullmatch(node.value)
    ):  # most literals; no evaluation needed
        return match["text"]
    value = node.evaluated_value
    return value if isinstance(value, str) else None


def quote_like(source: Source, node: cst.BaseExpression, text: str) -> str:
    """Format the text with the quotes of the literal."""
    quote = '"' if source.code(node).lstrip("rRuUbB").startswith('"') else "'"
    return f"{quote}{text}{quote}"


def integer_value(node: cst.BaseExpression) -> int | None:
    """Return the value of an integer literal, or None for anything else."""
    if not isinstance(node, cst.Integer):
        return None
    return int(node.value) if _DECIMAL.fullmatch(node.value) else node.evaluated_value
