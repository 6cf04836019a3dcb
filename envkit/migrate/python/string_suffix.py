"""Infer the suffix of a string that is built at run time from its expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import string_value

if TYPE_CHECKING:
    from collections.abc import Callable

_ANY_DIGIT = "0"  # represents any digit
# Replacement fields of `%` and `.format`.
_PERCENT_FIELD = re.compile(r"%(?:\(\w*\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?(?P<form>[a-zA-Z%])")
_BRACE_FIELD = re.compile(r"\{[^{}]*?(?::[^{}]*?(?P<form>[a-zA-Z])?)?\}")
_NUMBER_FORMATS = frozenset("diufFeEgG")


def known_suffix(node: cst.BaseExpression | None) -> str:
    """Return the known end of the string, which is all of a literal, or an empty string if it is unknown."""
    if (text := string_value(node)) is not None:
        return text
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.Add):
            return _concatenation_suffix(known_suffix(node.left), node.right)
        if isinstance(node.operator, cst.Modulo):
            return _template_suffix(string_value(node.left) or "", _PERCENT_FIELD)
    if isinstance(node, cst.FormattedString):
        return _fstring_suffix(node)
    return _CALL_SUFFIXES.get(_get_function_name(node), _empty_suffix)(node) if isinstance(node, cst.Call) else ""


def _get_function_name(call: cst.Call) -> str:
    func = call.func
    return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else ""


def _concatenation_suffix(left_suffix: str, right: cst.BaseExpression) -> str:
    """Return the suffix of a sum. In `path + '.' + str(epoch)` the argument of `str` is taken for a number."""
    if (
        isinstance(right, cst.Call)
        and _get_function_name(right) == "str"
        and left_suffix
        and not left_suffix.endswith(("/", "\\"))
    ):
        return left_suffix + _ANY_DIGIT
    right_suffix = known_suffix(right)
    return left_suffix + right_suffix if right_suffix and string_value(right) is not None else right_suffix


def _template_suffix(template: str, field_pattern: re.Pattern[str]) -> str:
    """Return the text after the last field of a template, or a digit if the template ends with a numeric field."""
    fields = [*field_pattern.finditer(template)]
    if not fields or fields[-1].end() != len(template):
        return template[fields[-1].end() :] if fields else template
    return _ANY_DIGIT if fields[-1]["form"] in _NUMBER_FORMATS else ""


def _fstring_suffix(node: cst.FormattedString) -> str:
    last_part = node.parts[-1] if node.parts else None
    if isinstance(last_part, cst.FormattedStringText):
        return last_part.value
    if not isinstance(last_part, cst.FormattedStringExpression) or not last_part.format_spec:
        return ""
    spec = last_part.format_spec[-1]
    return _ANY_DIGIT if isinstance(spec, cst.FormattedStringText) and spec.value[-1:] in _NUMBER_FORMATS else ""


def _empty_suffix(_: cst.Call) -> str:
    return ""


def _join_suffix(call: cst.Call) -> str:
    """Return the suffix of a call such as `os.path.join(folder, 'weights')`."""
    func, last_arg = call.func, call.args[-1] if call.args else None
    is_path_join = isinstance(func, cst.Attribute) and isinstance(func.value, (cst.Attribute, cst.Name))
    return (
        known_suffix(last_arg.value)
        if is_path_join and last_arg is not None and len(call.args) > 1 and not last_arg.star
        else ""
    )


def _format_suffix(call: cst.Call) -> str:
    template = string_value(call.func.value) if isinstance(call.func, cst.Attribute) else None
    return _template_suffix(template or "", _BRACE_FIELD)


_CALL_SUFFIXES: dict[str, Callable[[cst.Call], str]] = {"join": _join_suffix, "format": _format_suffix}
