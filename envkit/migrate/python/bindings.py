"""Find what a file imports from Keras and TensorFlow, and every use of it, from LibCST's scopes."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst
from libcst.metadata.scope_provider import Assignment, ImportAssignment

from envkit.migrate.name_mapping import canonical_name, target

if TYPE_CHECKING:
    from libcst.metadata.scope_provider import Access, BaseAssignment, Scope

    from envkit.migrate.python.parsed_file import Source
    from envkit.migrate.tf_api import Api

ROOT_PACKAGES = ("keras", "tensorflow")
# Fields of a statement that contain statements.
_BLOCK_FIELDS = ("body", "orelse", "handlers", "finalbody", "cases")
_BACKEND_NAME = "K"  # every module of standalone Keras imported its backend under this name
_BUILTIN_NAMES = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}


@dataclass(eq=False)
class Binding:
    """A name in the file that refers to Keras or TensorFlow.

    Attributes:
        name: Name in the file.
        path: Imported name as written: `keras.layers`, `tensorflow`.
        statement: Import statement.
        alias: Part of the statement that binds the name; None for names from a star import and for module variables.
        is_top_level: Whether the import is in the module's scope.
        target: Dotted name that the rewritten import binds; empty if the import is unchanged.
        replacements: Layers that are imported instead.
        is_kept: Whether the old name is imported beside its replacements.
        uses: Uses in file order.
    """

    name: str
    path: str
    statement: cst.Import | cst.ImportFrom
    alias: cst.ImportAlias | None
    is_top_level: bool
    target: str = ""
    replacements: tuple[str, ...] = ()
    is_kept: bool = False
    uses: list[Use] = field(default_factory=list)

    @property
    def is_from_star(self) -> bool:
        """Whether a star import provides the name."""
        return isinstance(self.statement, cst.ImportFrom) and isinstance(self.statement.names, cst.ImportStar)

    @property
    def is_standalone(self) -> bool:
        """Whether the import is from standalone Keras, not from TensorFlow."""
        return self.path.partition(".")[0] == "keras"


@dataclass(eq=False)
class Use:
    """One use of a binding.

    Attributes:
        node: Whole attribute chain: `keras.layers.Dense` in `keras.layers.Dense(10)`.
        base: First name of the chain.
        binding: Binding of that name.
        path: Canonical name of the chain (see `name_mapping.canonical_name`).
        alternative_paths: Other possible meanings, if several imports bind the name.
        tail: Rest of the chain after the first name, with its leading dot.
        is_certain: Whether the name can only refer to Keras or TensorFlow imports.
        scope: Scope of the use.
    """

    node: cst.Name | cst.Attribute
    base: cst.Name
    binding: Binding
    path: str
    alternative_paths: tuple[str, ...]
    tail: str
    is_certain: bool
    scope: Scope


@dataclass(frozen=True, eq=False)
class KerasUsage:
    """All bindings and uses in one file.

    Attributes:
        bindings: Bindings in file order, without star imports.
        uses: Uses in file order.
        star_imports: Star imports.
        unresolved_names: Uses of unbound names that only star imports from Keras can have provided.
        bound_names: Every name that is bound anywhere in the file.
    """

    bindings: list[Binding]
    uses: list[Use]
    star_imports: list[Binding]
    unresolved_names: list[cst.Name]
    bound_names: frozenset[str]


def find_usage(source: Source, api: Api) -> KerasUsage:
    """Find what the file imports from Keras and TensorFlow, and where it uses it."""
    by_alias = {
        alias: binding
        for statement in _find_import_statements(source)
        for alias, binding in _build_bindings(source, statement)
    }
    star_imports = _find_star_imports(source)
    uses: dict[cst.CSTNode, Use] = {}
    unbound: dict[cst.CSTNode, tuple[cst.Name, Scope]] = {}
    bound_names: set[str] = set()
    for scope in source.scopes:
        bound_names.update(assignment.name for assignment in scope.assignments)
        for access in scope.accesses:
            _resolve_access(source, access, by_alias, uses, unbound)
    unresolved_names = [] if not star_imports else _resolve_star_names(source, star_imports, unbound, uses, api)
    module_aliases = _find_module_aliases(source, list(uses.values()), uses, api)
    sorted_uses = sorted(uses.values(), key=lambda use: source.start(use.node))
    for use in sorted_uses:
        use.binding.uses.append(use)
    bindings = sorted([*by_alias.values(), *module_aliases], key=lambda binding: source.start(binding.statement))
    return KerasUsage(bindings, sorted_uses, star_imports, unresolved_names, frozenset(bound_names))


def may_import_keras(tree: ast.Module) -> bool:
    """Check whether the file imports Keras or TensorFlow, or may do so through a star import."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            if any(alias.name.partition(".")[0] in ROOT_PACKAGES for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom):
            module = "" if node.level else (node.module or "").partition(".")[0]
            if module in ROOT_PACKAGES or node.names[0].name == "*":
                return True
        else:
            pending += [child for field_name in _BLOCK_FIELDS for child in getattr(node, field_name, ())]
    return False


def dotted_name(node: cst.BaseExpression | None) -> str:
    """Return `a.b.c` for a chain of names, or an empty string for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return ".".join([node.value, *reversed(parts)]) if isinstance(node, cst.Name) else ""


def _find_import_statements(source: Source) -> list[cst.Import | cst.ImportFrom]:
    return sorted([*source.nodes(cst.Import), *source.nodes(cst.ImportFrom)], key=source.start)


def _build_bindings(source: Source, statement: cst.Import | cst.ImportFrom) -> list[tuple[cst.ImportAlias, Binding]]:
    """Build the Keras and TensorFlow bindings of the statement, each with its alias."""
    if isinstance(statement, cst.ImportFrom) and (statement.relative or isinstance(statement.names, cst.ImportStar)):
        return []
    module = dotted_name(statement.module) if isinstance(statement, cst.ImportFrom) else ""
    pairs = []
    for alias in statement.names:  # type: ignore[union-attr]
        imported_name = dotted_name(alias.name)
        path = f"{module}.{imported_name}" if module else imported_name
        if path.partition(".")[0] not in ROOT_PACKAGES:
            continue
        name = dotted_name(alias.asname.name) if alias.asname else imported_name
        if not module and not alias.asname:
            name = path = imported_name.partition(".")[0]
        pairs.append((alias, Binding(name, path, statement, alias, _is_top_level(source, statement))))
    return pairs


def _is_top_level(source: Source, statement: cst.CSTNode) -> bool:
    return not any(
        isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Lambda)) for node in source.ancestors(statement)
    )


def _find_star_imports(source: Source) -> list[Binding]:
    star_imports = []
    for statement in source.nodes(cst.ImportFrom):
        module = dotted_name(statement.module)
        if isinstance(statement.names, cst.ImportStar):
            is_keras = not statement.relative and module.partition(".")[0] in ROOT_PACKAGES
            star_imports.append(Binding("*", module if is_keras else "", statement, None, is_top_level=True))
    return star_imports


def _resolve_access(
    source: Source,
    access: Access,
    by_alias: dict[cst.ImportAlias, Binding],
    uses: dict[cst.CSTNode, Use],
    unbound: dict[cst.CSTNode, tuple[cst.Name, Scope]],
) -> None:
    """Record the access as a use of a binding or as unbound; ignore any other."""
    base: cst.CSTNode = access.node
    while isinstance(base, cst.Attribute):
        base = base.value
    if not isinstance(base, cst.Name) or base not in source.spans:  # a string annotation
        return
    # Resolve the first name only, as Python does: LibCST resolves `keras.layers` to the import even if `keras` is a
    # parameter.
    referents = list(access.scope[base.value]) or list(access.referents)
    if not referents:
        unbound[base] = (base, access.scope)
        return
    candidates = [
        binding for binding in (_find_binding(referent, by_alias) for referent in referents) if binding is not None
    ]
    if candidates:
        candidates.sort(key=lambda binding: source.start(binding.statement))
        uses[base] = _build_use(
            source,
            base,
            candidates,
            access.scope,
            is_certain=all(_is_harmless(source, referent) for referent in referents),
        )


def _find_binding(referent: BaseAssignment, by_alias: dict[cst.ImportAlias, Binding]) -> Binding | None:
    if not isinstance(referent, ImportAssignment) or isinstance(referent.node, cst.CSTNode) is False:
        return None
    aliases = getattr(referent.node, "names", ())
    if isinstance(aliases, cst.ImportStar):
        return None
    for alias in aliases:
        target_node = alias.asname.name if alias.asname else alias.name
        if target_node is referent.as_name:
            return by_alias.get(alias)
    return None


def _is_harmless(source: Source, referent: BaseAssignment) -> bool:
    """Check whether the assignment keeps the meaning of an import certain: another import, or `name = None`."""
    if isinstance(referent, ImportAssignment):
        return True
    if not isinstance(referent, Assignment):
        return False
    statement = next(
        (ancestor for ancestor in source.ancestors(referent.node) if isinstance(ancestor, cst.Assign)), None
    )
    return statement is not None and isinstance(statement.value, cst.Name) and statement.value.value == "None"


def _build_use(source: Source, base: cst.Name, candidates: list[Binding], scope: Scope, *, is_certain: bool) -> Use:
    node: cst.Name | cst.Attribute = base
    tail = ""
    for parent in source.ancestors(base):
        if not isinstance(parent, cst.Attribute) or parent.value is not node:
            break
        node, tail = parent, f"{tail}.{parent.attr.value}"
    path, *alternative_paths = dict.fromkeys(canonical_name(binding.path + tail) for binding in candidates)
    return Use(node, base, candidates[0], path, tuple(alternative_paths), tail, is_certain, scope)


def _find_module_aliases(
    source: Source, import_uses: list[Use], uses: dict[cst.CSTNode, Use], api: Api
) -> list[Binding]:
    """Find variables such as `K = keras.backend` that are assigned a module once, and their uses."""
    bindings = []
    for use in import_uses:
        assign = source.parents[use.node]
        if not isinstance(assign, cst.Assign) or assign.value is not use.node or len(assign.targets) != 1:
            continue
        variable = assign.targets[0].target
        assignments = list(use.scope.assignments[variable.value]) if isinstance(variable, cst.Name) else []
        if not isinstance(variable, cst.Name) or len(assignments) != 1 or not api.is_module(target(use.path, api).path):
            continue
        binding = Binding(variable.value, use.binding.path + use.tail, use.binding.statement, None, is_top_level=False)
        bindings.append(binding)
        for access in assignments[0].references:
            if isinstance(access.node, cst.Name):
                uses[access.node] = _build_use(source, access.node, [binding], access.scope, is_certain=use.is_certain)
    return bindings


def _resolve_star_names(
    source: Source,
    star_imports: list[Binding],
    unbound: dict[cst.CSTNode, tuple[cst.Name, Scope]],
    uses: dict[cst.CSTNode, Use],
    api: Api,
) -> list[cst.Name]:
    """Bind each unbound name to the star import that provides it; return the names that none provides."""
    unresolved_names = []
    for name, scope in unbound.values():
        if name.value in _BUILTIN_NAMES:
            continue
        keras_stars = [star for star in reversed(star_imports) if star.path]
        star = next((star for star in keras_stars if _is_exported(star, name.value, api)), None)
        path = f"{star.path}.{name.value}" if star is not None else ""
        if name.value == _BACKEND_NAME and keras_stars:
            star, path = keras_stars[0], "keras.backend"
        if star is not None:
            binding = Binding(name.value, path, star.statement, None, is_top_level=True)
            uses[name] = _build_use(source, name, [binding], scope, is_certain=True)
        elif all(star.path for star in star_imports):
            unresolved_names.append(name)
    words = _words_in_strings(source) if unresolved_names else frozenset()
    return [name for name in unresolved_names if name.value not in words]


def _words_in_strings(source: Source) -> frozenset[str]:
    """Collect the words of strings; hidden notebook cells are strings and may bind names (see `magics.hide`)."""
    return frozenset(word for literal in source.nodes(cst.SimpleString) for word in literal.value.split())


def _is_exported(star: Binding, name: str, api: Api) -> bool:
    destination = target(canonical_name(f"{star.path}.{name}"), api)
    return bool(destination.path or destination.rule)


def is_visible(name: str, binding: Binding, scope: Scope) -> bool:
    """Check whether the name refers to that binding, or to another import of it, in the scope."""
    assignments = scope[name]
    return bool(assignments) and all(
        isinstance(assignment, ImportAssignment)
        and (assignment.node is binding.statement or assignment.scope is scope.globals)
        for assignment in assignments
    )
