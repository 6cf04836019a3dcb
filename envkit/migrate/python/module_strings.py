"""Rewrite strings that name a Keras module where Python imports it: `mock.patch`, `import_module`, `sys.modules`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.name_mapping import target
from envkit.migrate.python.call_arguments import quote_like, string_value

if TYPE_CHECKING:
    from envkit.migrate.python.file_queries import FileQueries
    from envkit.migrate.tf_api import Api

_RULE = "names/module-string"
_MODULES = "sys.modules"
_QUOTED_NAME = re.compile(r"[\"']keras[.\"']")
_DOTTED_NAME = re.compile(r"keras(?:\.[A-Za-z_]\w*)*", re.ASCII)
# Functions by the end of their name -> whether the string names an object, not a module.
_FUNCTIONS = {
    "patch": True,
    "patch.multiple": True,
    "monkeypatch.setattr": True,
    "monkeypatch.delattr": True,
    "import_module": False,
    "importorskip": False,
}
# Users of a name that has no equal under `tensorflow`: the result, or the key, is another module.
_NOTED_FUNCTIONS = ("__import__", "find_spec", "sys.modules.get", "sys.modules.pop", "sys.modules.setdefault")


def mentions_module(text: str) -> bool:
    """Check whether the file may have such a string."""
    return _QUOTED_NAME.search(text) is not None


def rewrite(queries: FileQueries, api: Api) -> None:
    """Rewrite each such string if the release has the name publicly; note any other."""
    source = queries.edits.source
    if not mentions_module(source.text):
        return
    for literal in source.nodes(cst.SimpleString):
        if "keras" not in literal.value or not _DOTTED_NAME.fullmatch(string_value(literal) or ""):
            continue
        user = _find_user(queries, literal)
        if not user:
            continue
        destination = target(string_value(literal) or "", api).path
        names_object = _FUNCTIONS.get(user)
        is_found = names_object is True or (names_object is False and api.is_module(destination))
        if is_found and destination.startswith("tensorflow."):
            span = source.spans[literal]
            queries.edits.rewrite(_RULE, *span, (*span, quote_like(source, literal, destination)))
        else:
            queries.add_note(_RULE, literal)


def _find_user(queries: FileQueries, literal: cst.SimpleString) -> str:
    """Return what uses the string as the name of a module: the end of a function's name, or `sys.modules`."""
    source = queries.edits.source
    parent = source.parents[literal]
    if isinstance(parent, cst.Index):
        subscript = source.parents[source.parents[parent]]
        is_key = isinstance(subscript, cst.Subscript) and source.code(subscript.value) == _MODULES
        return _MODULES if is_key else ""
    call = next((node for node in source.ancestors(literal) if isinstance(node, cst.Call)), None)
    name = source.code(call.func) if call is not None else ""
    if isinstance(parent, cst.DictElement):
        return _MODULES if name.endswith("patch.dict") else ""
    is_first = call is not None and bool(call.args) and call.args[0] is parent
    endings = (end for end in (*_FUNCTIONS, *_NOTED_FUNCTIONS) if name == end or name.endswith(f".{end}"))
    return next(endings, "") if is_first else ""
