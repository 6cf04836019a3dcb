"""How a text ends that is put together when the program runs, as far as its expression tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = "0"  # stands for any: it ends with a digit
# What is filled in, by `%` and by `.format`; a number if its form is one of numbers.
_PERCENT = re.compile(r"%(?:\(\w*\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?(?P<form>[a-zA-Z%])")
_BRACES = re.compile(r"\{[^{}]*?(?::[^{}]*?(?P<form>[a-zA-Z])?)?\}")
_NUMBERS = frozenset("diufFeEgG")


def ending(node: cst.BaseExpression | None) -> str:
    """Return the last part of what the expression makes, which is all of it for a literal; nothing if nobody knows."""
    if (said := text_of(node)) is not None:
        return said
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.Add):
            return _added(ending(node.left), node.right)
        if isinstance(node.operator, cst.Modulo):
            return _filled(text_of(node.left) or "", _PERCENT)
    if isinstance(node, cst.FormattedString):
        return _formatted(node)
    return _CALLED.get(_name(node), _unknown)(node) if isinstance(node, cst.Call) else ""


def _name(call: cst.Call) -> str:
    func = call.func
    return func.attr.value if isinstance(func, cst.Attribute) else func.value if isinstance(func, cst.Name) else ""


def _added(before: str, last: cst.BaseExpression) -> str:
    """`path + '.' + str(epoch)`: what is made a text behind another one is a number."""
    if isinstance(last, cst.Call) and _name(last) == "str" and before and not before.endswith(("/", "\\")):
        return before + _NUMBER
    said = ending(last)
    return before + said if said and text_of(last) is not None else said


def _filled(form: str, places: re.Pattern[str]) -> str:
    """Return what stands behind the last place of a form that is filled in; with a number, where it ends with one."""
    found = [*places.finditer(form)]
    if not found or found[-1].end() != len(form):
        return form[found[-1].end():] if found else form
    return _NUMBER if found[-1]["form"] in _NUMBERS else ""


def _formatted(node: cst.FormattedString) -> str:
    last = node.parts[-1] if node.parts else None
    if isinstance(last, cst.FormattedStringText):
        return last.value
    if not isinstance(last, cst.FormattedStringExpression) or not last.format_spec:
        return ""
    spec = last.format_spec[-1]
    return _NUMBER if isinstance(spec, cst.FormattedStringText) and spec.value[-1:] in _NUMBERS else ""


def _unknown(_: cst.Call) -> str:
    return ""


def _of_join(call: cst.Call) -> str:
    """`os.path.join(folder, 'weights')`."""
    func, last = call.func, call.args[-1] if call.args else None
    of_path = isinstance(func, cst.Attribute) and isinstance(func.value, (cst.Attribute, cst.Name))
    return ending(last.value) if of_path and last is not None and len(call.args) > 1 and not last.star else ""


def _of_format(call: cst.Call) -> str:
    form = text_of(call.func.value) if isinstance(call.func, cst.Attribute) else None
    return _filled(form or "", _BRACES)


_CALLED: dict[str, Callable[[cst.Call], str]] = {"join": _of_join, "format": _of_format}
