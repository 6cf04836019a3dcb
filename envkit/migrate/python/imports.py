"""Rewrite Keras imports so that each local name is bound to its TensorFlow counterpart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.name_mapping import KERAS_IMPORT_RULE, canonical_name, target
from envkit.migrate.python.bindings import Binding, dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envkit.migrate.python.bindings import KerasUsage
    from envkit.migrate.python.edits import EditSet, Splice
    from envkit.migrate.python.missing_imports import MissingImports
    from envkit.migrate.python.parsed_file import Source
    from envkit.migrate.tf_api import Api

_PRIVATE_COPY_RULE = "imports/private-copy"
_MISSING_RULE = "imports/missing-name"


def choose_targets(usage: KerasUsage, api: Api) -> None:
    """Choose the target of each binding."""
    for binding in usage.bindings:
        binding.target = _choose_target(binding, api)


def _choose_target(binding: Binding, api: Api) -> str:
    path = canonical_name(binding.path)
    default_target = target(path, api).path
    if binding.alias is None:
        return default_target
    if not api.is_module(default_target) or api.resolves("tensorflow." + path) or binding.path == "tensorflow":
        return default_target
    # The module was split: bind the module that contains every name used from it.
    used_paths = [new_path for use in binding.uses if use.tail and (new_path := target(use.path, api).path)]
    if all(used_path.startswith(default_target + ".") for used_path in used_paths):
        return default_target
    common_module = _find_common_module(used_paths)
    while not api.is_module(common_module):
        common_module = common_module.rpartition(".")[0]
    return common_module if common_module.startswith("tensorflow.keras") else default_target


def _find_common_module(paths: Sequence[str]) -> str:
    """Return the innermost module that contains all of the names."""
    first_parts, last_parts = min(paths).split("."), max(paths).split(".")
    mismatches = (
        index for index, (left, right) in enumerate(zip(first_parts, last_parts, strict=False)) if left != right
    )
    return ".".join(first_parts[: next(mismatches, len(first_parts))])


def rewrite(edits: EditSet, usage: KerasUsage, api: Api, missing: MissingImports) -> None:
    """Rewrite every Keras import, and note those that cannot be rewritten."""
    by_alias = {binding.alias: binding for binding in usage.bindings if binding.alias is not None}
    source = edits.source
    for statement in sorted({binding.statement for binding in usage.bindings}, key=source.start):
        bindings = {alias: by_alias[alias] for alias in statement.names if alias in by_alias}  # type: ignore[union-attr]
        if isinstance(statement, cst.Import):
            _rewrite_import(edits, statement, bindings, api)
        else:
            _rewrite_from_import(edits, statement, bindings, api, missing)
    for star in usage.star_imports:
        if star.path:
            _rewrite_star(edits, star, api)


def _rewrite_import(edits: EditSet, statement: cst.Import, bindings: dict[cst.ImportAlias, Binding], api: Api) -> None:
    """Rewrite `import keras.backend as K, re` as one statement per part, if a part changes."""
    source, parts, rule = edits.source, [], ""
    for alias in statement.names:
        text = f"import {source.code(alias)}".rstrip(", ")
        if alias in bindings and (new_text := _build_import(bindings[alias], dotted_name(alias.name))):
            text, rule = new_text, rule or _select_rule(bindings[alias], api)
        parts.append(text)
    if not rule:
        return
    begin, end = source.spans[statement]
    if parts[0] in _iter_preceding_imports(edits, statement) and len(parts) == 1 and _is_alone(source, statement):
        edits.rewrite(rule, begin, end, (*source.line_span(begin), ""))
        return
    statements = statement_separator(source, statement).join(parts)
    edits.rewrite(rule, begin, end, (begin, end, statements))


def _build_import(binding: Binding, imported_name: str) -> str:
    """Build the new statement for the name, or return an empty string if it is unchanged."""
    if not binding.target or imported_name == "tensorflow" or imported_name.startswith("tensorflow.keras"):
        return ""
    if binding.path == "tensorflow":  # import tensorflow.python.keras
        return "import tensorflow" if canonical_name(imported_name).startswith("keras") else ""
    return _format_import(binding.target, binding.name)


def _format_import(path: str, name: str) -> str:
    module, _, member = path.rpartition(".")
    if not module:
        return f"import {path}" if path == name else f"import {path} as {name}"
    return f"from {module} import {member}" if member == name else f"from {module} import {member} as {name}"


def _select_rule(binding: Binding, api: Api) -> str:
    destination = target(canonical_name(binding.path), api)
    if destination.rule and destination.rule != KERAS_IMPORT_RULE:
        return destination.rule
    return KERAS_IMPORT_RULE if binding.is_standalone else _PRIVATE_COPY_RULE


@dataclass(frozen=True, slots=True)
class _ImportPart:
    """One name of a from-import after the rewrite."""

    alias: cst.ImportAlias
    module: str
    text: str
    rule: str


def _drop_missing(
    edits: EditSet, statement: cst.ImportFrom, missing: MissingImports, api: Api
) -> list[cst.ImportAlias]:
    """Note each unused name, import each deferred name before its use, and return the parts to remove."""
    source = edits.source
    dropped_aliases = [
        alias
        for alias in statement.names  # type: ignore[union-attr]
        if missing.drops(alias) and edits.allows(_MISSING_RULE, source.start(alias))
    ]
    for alias in dropped_aliases:
        if alias in missing.unused:
            message = f"TensorFlow {api.release} has no `{_local_name(alias)}`, and this file does not use it."
            edits.add_note(_MISSING_RULE, source.start(alias), message)
            continue
        place = missing.deferred[alias]
        decorators = place.decorators if isinstance(place, (cst.FunctionDef, cst.ClassDef)) else ()
        begin = source.start(decorators[0] if decorators else place)
        code = f"from {dotted_name(statement.module)} import {source.code(alias).rstrip(', ')}"
        separator = source.newline(begin) + source.text[_line_begin(source, begin) : begin].lstrip("\f")
        edits.rewrite(_MISSING_RULE, begin, begin, (begin, begin, code + separator))
    return dropped_aliases


def _rewrite_from_import(
    edits: EditSet,
    statement: cst.ImportFrom,
    bindings: dict[cst.ImportAlias, Binding],
    api: Api,
    missing: MissingImports,
) -> None:
    """Rewrite `from keras.models import Model, Input`: the module, and names that moved to other modules."""
    dropped_aliases = _drop_missing(edits, statement, missing, api)
    kept_aliases = [alias for alias in bindings if bindings[alias].is_kept and alias not in dropped_aliases]
    dropped_aliases = [alias for alias in dropped_aliases if not bindings[alias].replacements]
    source, old_module = edits.source, dotted_name(statement.module)
    parts = [
        part
        for alias in statement.names  # type: ignore[union-attr]
        if alias not in dropped_aliases
        for part in _build_parts(source, alias, bindings[alias], old_module, api)
    ]
    if not parts:
        removal = _removal(source, statement)
        edits.rewrite(_MISSING_RULE, *removal[:2], removal)
        return
    modules = dict.fromkeys(part.module for part in parts)
    groups = {module: [part for part in parts if part.module == module] for module in modules}
    main_module = max(filter(None, groups), key=lambda module: len(groups[module]), default="")
    rule = next((part.rule for part in parts if part.rule not in {"", KERAS_IMPORT_RULE}), KERAS_IMPORT_RULE)
    if not main_module:
        _replace_statement(edits, statement, parts, rule)
        return
    if dropped_aliases:
        edits.rewrite(_MISSING_RULE, *source.spans[statement])
    splices = _build_main_splices(source, statement, main_module, old_module, groups.pop(main_module))
    extra_imports = [_format_extra_import(module, group) for module, group in groups.items()]
    extra_imports += [f"from {old_module} import {source.code(alias).rstrip(', ')}" for alias in kept_aliases]
    if extra_imports:
        separator = statement_separator(source, statement)
        begin = source.start(statement)
        splices.insert(0, (begin, begin, "".join(line + separator for line in extra_imports)))
    moved_aliases = {part.alias for group in groups.values() for part in group} | {*dropped_aliases}
    if moved_aliases:
        splices += _build_removals(source, statement, moved_aliases)
    if not splices:
        return
    edits.rewrite(rule, *source.spans[statement], *sorted(splices, key=lambda splice: splice[:2]))


def _replace_statement(edits: EditSet, statement: cst.ImportFrom, parts: list[_ImportPart], rule: str) -> None:
    """Replace a statement such as `from keras.backend import tf`, whose names no module contains any more."""
    begin, end = edits.source.spans[statement]
    if "#" in edits.source.code(statement):
        edits.add_note(
            rule,
            begin,
            "Another statement replaces this one, which contains a comment.",
            _format_extra_import("", parts),
        )
    else:
        edits.rewrite(rule, begin, end, (begin, end, _format_extra_import("", parts)))


def _build_parts(
    source: Source, alias: cst.ImportAlias, binding: Binding, old_module: str, api: Api
) -> list[_ImportPart]:
    if binding.replacements:
        return [_ImportPart(alias, "tensorflow.keras.layers", ", ".join(binding.replacements), "layers/merge")]
    return [_build_part(source, alias, binding, old_module, api)]


def _build_part(source: Source, alias: cst.ImportAlias, binding: Binding, old_module: str, api: Api) -> _ImportPart:
    if not binding.target or binding.target == binding.path:
        return _ImportPart(alias, old_module, source.code(alias).rstrip(", "), "")
    module, _, member = binding.target.rpartition(".")
    if not module:
        return _ImportPart(alias, "", member, "")
    text = member if member == binding.name else f"{member} as {binding.name}"
    return _ImportPart(alias, module, text, _select_rule(binding, api))


def _build_main_splices(
    source: Source, statement: cst.ImportFrom, module: str, old_module: str, parts: list[_ImportPart]
) -> list[Splice]:
    assert statement.module is not None  # noqa: S101 - the import is absolute
    splices = [] if module == old_module else [(*source.spans[statement.module], module)]
    for part in parts:
        begin, _ = source.spans[part.alias]
        end = source.spans[part.alias.asname.name if part.alias.asname else part.alias.name][1]
        if source.text[begin:end] != part.text and " ".join(source.text[begin:end].split()) != part.text:
            splices.append((begin, end, part.text))
    return splices


def _format_extra_import(module: str, parts: list[_ImportPart]) -> str:
    if not module:
        return "; ".join(_format_import(part.text, _local_name(part.alias)) for part in parts)
    return f"from {module} import {', '.join(part.text for part in parts)}"


def _local_name(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def _removal(source: Source, statement: cst.ImportFrom) -> Splice:
    """Remove the whole statement with its line, or write `pass` where it is the only one in its block or line."""
    begin, end = source.spans[statement]
    line = source.parents[statement]
    block = source.parents.get(line)
    siblings = len(block.body) if isinstance(block, (cst.Module, cst.IndentedBlock)) else 1
    if not _is_alone(source, statement) or siblings == 1 or "#" in source.code(statement):
        return (begin, end, "pass")
    return (source.line_span(begin)[0], source.line_span(end)[1], "")


def _build_removals(source: Source, statement: cst.ImportFrom, moved_aliases: set[cst.ImportAlias]) -> list[Splice]:
    """Remove the names from the list; keep comments between them."""
    aliases: Sequence[cst.ImportAlias] = statement.names  # type: ignore[assignment]
    kept_aliases = [alias for alias in aliases if alias not in moved_aliases]
    splices: list[Splice] = []
    for index, alias in enumerate(aliases):
        if alias not in moved_aliases:
            continue
        begin, end = source.start(alias), _alias_end(source, alias)
        next_alias = aliases[index + 1] if index + 1 < len(aliases) else None
        if (
            next_alias is not None
            and alias is not kept_aliases[-1]
            and source.start(alias) < source.start(kept_aliases[-1])
        ):
            gap = source.text[end : source.start(next_alias)]
            end = source.start(next_alias) if "#" not in gap else end + gap.index(",") + 1
        else:  # after all kept names: remove the comma before it
            previous_alias = aliases[index - 1]
            gap = source.text[_alias_end(source, previous_alias) : begin]
            begin = _alias_end(source, previous_alias) if "#" not in gap else begin
            if "#" in gap:
                end += len(source.text[end:]) - len(source.text[end:].lstrip(" ,"))
        splices.append((begin, end, ""))
    return splices


def _alias_end(source: Source, alias: cst.ImportAlias) -> int:
    return source.spans[alias.asname.name if alias.asname else alias.name][1]


def _rewrite_star(edits: EditSet, star: Binding, api: Api) -> None:
    source, statement = edits.source, star.statement
    destination = target(canonical_name(star.path), api)
    if not destination.path or destination.path == star.path or not api.is_module(destination.path):
        return
    assert isinstance(statement, cst.ImportFrom)  # noqa: S101 - a star import is a from-import
    assert statement.module is not None  # noqa: S101 - the import is absolute
    rule = destination.rule if destination.rule != KERAS_IMPORT_RULE or star.is_standalone else _PRIVATE_COPY_RULE
    edits.rewrite(
        rule or KERAS_IMPORT_RULE, *source.spans[statement], (*source.spans[statement.module], destination.path)
    )


def _is_alone(source: Source, statement: cst.CSTNode) -> bool:
    """Check whether the statement has its own line without comments."""
    line = source.parents[statement]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return False
    return line.trailing_whitespace.comment is None and not any(empty_line.comment for empty_line in line.leading_lines)


def _iter_preceding_imports(edits: EditSet, statement: cst.Import) -> Iterator[str]:
    """Yield the rewritten `import` statements before this one in the same block."""
    source = edits.source
    line = source.parents[statement]
    block = source.parents.get(line)
    if not isinstance(block, (cst.Module, cst.IndentedBlock)):
        return
    siblings = block.body[: list(block.body).index(line)]  # type: ignore[arg-type]
    for sibling in siblings:
        if isinstance(sibling, cst.SimpleStatementLine) and isinstance(sibling.body[0], cst.Import):
            yield edits.node_text(sibling.body[0])


def statement_separator(source: Source, statement: cst.CSTNode) -> str:
    """Return the separator between two statements that replace this one."""
    line = source.parents[statement]
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return "; "
    begin = source.start(statement)
    return source.newline(begin) + source.text[_line_begin(source, begin) : begin].lstrip("\f")


def _line_begin(source: Source, offset: int) -> int:
    return offset - source.location(offset).column + 1
