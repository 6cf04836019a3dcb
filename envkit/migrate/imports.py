"""Imports of Keras: what each binds stays bound by the same name, to what TensorFlow has for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.bindings import Binding, dotted
from envkit.migrate.names import PREFIX, canonical, target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.migrate.api import Api
    from envkit.migrate.bindings import Bound
    from envkit.migrate.draft import Draft, Splice
    from envkit.migrate.source import Source

_COPY = "imports/private-copy"


def settle(bound: Bound, api: Api) -> None:
    """Decide what each binding will stand for."""
    for binding in bound.bindings:
        binding.target = _settled(binding, api)


def _settled(binding: Binding, api: Api) -> str:
    path = canonical(binding.path)
    own = target(path, api).path
    if binding.alias is None:
        return own
    if not api.is_module(own) or api.resolves("tensorflow." + path) or binding.path == "tensorflow":
        return own
    # The module was taken apart: bind the one that holds all that is used of it.
    used = [found for use in binding.uses if use.tail and (found := target(use.path, api).path)]
    if all(one.startswith(own + ".") for one in used):
        return own
    shared = _shared(used)
    while not api.is_module(shared):
        shared = shared.rpartition(".")[0]
    return shared if shared.startswith("tensorflow.keras") else own


def _shared(paths: Sequence[str]) -> str:
    """Return the module that all of the names stand in or below."""
    first, last = min(paths).split("."), max(paths).split(".")
    differing = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return ".".join(first[:next(differing, len(first))])


def rewrite(draft: Draft, bound: Bound, api: Api) -> None:
    """Rewrite every import of Keras, and tell of those that cannot be."""
    by_alias = {binding.alias: binding for binding in bound.bindings if binding.alias is not None}
    source = draft.source
    for statement in sorted({binding.statement for binding in bound.bindings}, key=source.start):
        ours = {alias: by_alias[alias] for alias in statement.names if alias in by_alias}  # type: ignore[union-attr]
        if isinstance(statement, cst.Import):
            _plain(draft, statement, ours, api)
        else:
            _from(draft, statement, ours, api)
    for star in bound.stars:
        if star.path:
            _star(draft, star, api)


def _plain(draft: Draft, statement: cst.Import, ours: dict[cst.ImportAlias, Binding], api: Api) -> None:
    """`import keras.backend as K, re`: one statement for each part, where one of them changes."""
    source, parts, rule = draft.source, [], ""
    for alias in statement.names:
        text = f"import {source.code(alias)}".rstrip(", ")
        if alias in ours and (written := _bind(ours[alias], dotted(alias.name))):
            text, rule = written, rule or _rule(ours[alias], api)
        parts.append(text)
    if not rule:
        return
    begin, end = source.spans[statement]
    if parts[0] in _before(draft, statement) and len(parts) == 1 and _alone(source, statement):
        draft.rewrite(rule, begin, end, (*source.whole_line(begin), ""))
        return
    joined = between(source, statement).join(parts)
    draft.rewrite(rule, begin, end, (begin, end, joined))


def _bind(binding: Binding, written: str) -> str:
    """Return the statement that binds the name anew; nothing where it stays as it is."""
    if not binding.target or written == "tensorflow" or written.startswith("tensorflow.keras"):
        return ""
    if binding.path == "tensorflow":  # import tensorflow.python.keras
        return "import tensorflow" if canonical(written).startswith("keras") else ""
    return _from_import(binding.target, binding.name)


def _from_import(path: str, name: str) -> str:
    module, _, last = path.rpartition(".")
    if not module:
        return f"import {path}" if path == name else f"import {path} as {name}"
    return f"from {module} import {last}" if last == name else f"from {module} import {last} as {name}"


def _rule(binding: Binding, api: Api) -> str:
    found = target(canonical(binding.path), api)
    if found.rule and found.rule != PREFIX:
        return found.rule
    return PREFIX if binding.standalone else _COPY


@dataclass(frozen=True, slots=True)
class _Part:
    """One name of a from-import, as it will be."""

    alias: cst.ImportAlias
    module: str
    text: str
    rule: str


def _from(draft: Draft, statement: cst.ImportFrom, ours: dict[cst.ImportAlias, Binding], api: Api) -> None:
    """`from keras.models import Model, Input`: the module, and what of it stands in another one."""
    source, old = draft.source, dotted(statement.module)
    parts = [part for alias in statement.names  # type: ignore[union-attr]
             for part in _parts(source, alias, ours[alias], old, api)]
    modules = dict.fromkeys(part.module for part in parts)
    groups = {module: [part for part in parts if part.module == module] for module in modules}
    main = max(filter(None, groups), key=lambda module: len(groups[module]), default="")
    rule = next((part.rule for part in parts if part.rule not in {"", PREFIX}), PREFIX)
    if not main:
        _as_a_whole(draft, statement, parts, rule)
        return
    splices = _main(source, statement, main, old, groups.pop(main))
    if groups:
        extra = [_extra(module, group) for module, group in groups.items()]
        joint = between(source, statement)
        begin = source.start(statement)
        splices.insert(0, (begin, begin, "".join(line + joint for line in extra)))
        gone = [part for group in groups.values() for part in group]
        splices += _without(source, statement, gone)
    if not splices:
        return
    draft.rewrite(rule, *source.spans[statement], *sorted(splices, key=lambda one: one[:2]))


def _as_a_whole(draft: Draft, statement: cst.ImportFrom, parts: list[_Part], rule: str) -> None:
    """`from keras.backend import tf`: nothing of it stands in a module now, so that it is another statement."""
    begin, end = draft.source.spans[statement]
    if "#" in draft.source.code(statement):
        draft.tell(rule, begin, "There is a comment within what is another statement now.", _extra("", parts))
    else:
        draft.rewrite(rule, begin, end, (begin, end, _extra("", parts)))


def _parts(source: Source, alias: cst.ImportAlias, binding: Binding, old: str, api: Api) -> list[_Part]:
    if binding.instead:
        return [_Part(alias, "tensorflow.keras.layers", ", ".join(binding.instead), "layers/merge")]
    return [_part(source, alias, binding, old, api)]


def _part(source: Source, alias: cst.ImportAlias, binding: Binding, old: str, api: Api) -> _Part:
    if not binding.target or binding.target == binding.path:
        return _Part(alias, old, source.code(alias).rstrip(", "), "")
    module, _, last = binding.target.rpartition(".")
    if not module:
        return _Part(alias, "", last, "")
    text = last if last == binding.name else f"{last} as {binding.name}"
    return _Part(alias, module, text, _rule(binding, api))


def _main(source: Source, statement: cst.ImportFrom, module: str, old: str, parts: list[_Part]) -> list[Splice]:
    assert statement.module is not None  # noqa: S101 - an absolute import has one
    splices = [] if module == old else [(*source.spans[statement.module], module)]
    for part in parts:
        begin, _ = source.spans[part.alias]
        end = source.spans[part.alias.asname.name if part.alias.asname else part.alias.name][1]
        if source.text[begin:end] != part.text and " ".join(source.text[begin:end].split()) != part.text:
            splices.append((begin, end, part.text))
    return splices


def _extra(module: str, parts: list[_Part]) -> str:
    if not module:
        return "; ".join(_from_import(part.text, _local(part.alias)) for part in parts)
    return f"from {module} import {', '.join(part.text for part in parts)}"


def _local(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def _without(source: Source, statement: cst.ImportFrom, gone: list[_Part]) -> list[Splice]:
    """Take the names out of the list; comments between them stay."""
    aliases: Sequence[cst.ImportAlias] = statement.names  # type: ignore[assignment]
    out = {part.alias for part in gone}
    kept = [alias for alias in aliases if alias not in out]
    splices: list[Splice] = []
    for place, alias in enumerate(aliases):
        if alias not in out:
            continue
        begin, end = source.start(alias), _alias_end(source, alias)
        following = aliases[place + 1] if place + 1 < len(aliases) else None
        if following is not None and alias is not kept[-1] and source.start(alias) < source.start(kept[-1]):
            between = source.text[end:source.start(following)]
            end = source.start(following) if "#" not in between else end + between.index(",") + 1
        else:  # it stands behind all that stay: the comma before it goes along
            before = aliases[place - 1]
            between = source.text[_alias_end(source, before):begin]
            begin = _alias_end(source, before) if "#" not in between else begin
            if "#" in between:
                end += len(source.text[end:]) - len(source.text[end:].lstrip(" ,"))
        splices.append((begin, end, ""))
    return splices


def _alias_end(source: Source, alias: cst.ImportAlias) -> int:
    return source.spans[alias.asname.name if alias.asname else alias.name][1]


def _star(draft: Draft, star: Binding, api: Api) -> None:
    source, statement = draft.source, star.statement
    found = target(canonical(star.path), api)
    if not found.path or found.path == star.path or not api.is_module(found.path):
        return
    assert isinstance(statement, cst.ImportFrom)  # noqa: S101 - a star is imported from something
    assert statement.module is not None  # noqa: S101 - and not from a folder
    rule = found.rule if found.rule != PREFIX or star.standalone else _COPY
    draft.rewrite(rule or PREFIX, *source.spans[statement], (*source.spans[statement.module], found.path))


def _alone(source: Source, statement: cst.CSTNode) -> bool:
    """Whether the statement has a line to itself, with nothing said of it."""
    line = source.parents[statement]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return False
    return line.trailing_whitespace.comment is None and not any(one.comment for one in line.leading_lines)


def _before(draft: Draft, statement: cst.Import) -> Iterator[str]:
    """Yield the statements that were written right before this one, in the same block."""
    source = draft.source
    line = source.parents[statement]
    block = source.parents.get(line)
    if not isinstance(block, (cst.Module, cst.IndentedBlock)):
        return
    earlier = block.body[:list(block.body).index(line)]  # type: ignore[arg-type]
    for one in earlier:
        if isinstance(one, cst.SimpleStatementLine) and isinstance(one.body[0], cst.Import):
            yield draft.rendered(one.body[0])


def between(source: Source, statement: cst.CSTNode) -> str:
    """Return what stands between two statements that are put in the place of this one."""
    line = source.parents[statement]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return "; "
    begin = source.start(statement)
    return source.newline(begin) + source.text[_line_begin(source, begin):begin].lstrip("\f")


def _line_begin(source: Source, offset: int) -> int:
    return offset - source.where(offset).column + 1
