"""What a file imports from Keras and TensorFlow, and every place that uses it: by LibCST's scopes."""

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
# Where statements stand in statements.
_BLOCK_FIELDS = ("body", "orelse", "handlers", "finalbody", "cases")
_BUILTIN_NAMES = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}


@dataclass(eq=False)
class Binding:
    """A name of the file that stands for something of Keras or TensorFlow.

    Attributes:
        name: As the file calls it.
        path: What was imported, as it is written there: `keras.layers`, `tensorflow`.
        statement: The import.
        alias: Its part that binds the name; None for what a star brings, and for a variable that was given a module.
        is_top_level: It stands at the top of the module's scope, for all to see.
        target: What it will stand for once the import is rewritten, as a dotted name; empty where it stays as it was.
        replacements: Layers that are imported in its place.
        uses: Where it is used, in the order of the text.
    """

    name: str
    path: str
    statement: cst.Import | cst.ImportFrom
    alias: cst.ImportAlias | None
    is_top_level: bool
    target: str = ""
    replacements: tuple[str, ...] = ()
    uses: list[Use] = field(default_factory=list)

    @property
    def is_standalone(self) -> bool:
        """Whether it comes from standalone Keras, not from TensorFlow."""
        return self.path.partition(".")[0] == "keras"


@dataclass(eq=False)
class Use:
    """A place where such a name is used.

    Attributes:
        node: The whole chain: `keras.layers.Dense` in `keras.layers.Dense(10)`.
        base: The name at its beginning.
        binding: What that name stands for.
        path: What the chain means, as standalone Keras had it (see `names.canonical`).
        alternative_paths: What else it may mean, where several imports bind the name.
        tail: What comes after the name in the chain, with its dot.
        is_certain: Nothing but imports of ours can be meant.
        scope: Where it stands.
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
    """All of it for one file.

    Attributes:
        bindings: In the order of the text; without those of stars.
        uses: In the order of the text.
        star_imports: Imports of everything from a module of Keras or TensorFlow.
        unresolved_names: Uses of names that nothing in the file binds, where only stars of Keras can have brought them.
        bound_names: Every name that is bound anywhere in the file.
    """

    bindings: list[Binding]
    uses: list[Use]
    star_imports: list[Binding]
    unresolved_names: list[cst.Name]
    bound_names: frozenset[str]


def find_usage(source: Source, api: Api) -> KerasUsage:
    """Find what the file imports from Keras and TensorFlow, and where it uses that."""
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
    """Say whether a file can bind anything of ours: it imports it, or a star brings nobody knows what."""
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
    """Return `a.b.c` for a chain of names, or nothing for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return ".".join([node.value, *reversed(parts)]) if isinstance(node, cst.Name) else ""


def _find_import_statements(source: Source) -> list[cst.Import | cst.ImportFrom]:
    return sorted([*source.nodes(cst.Import), *source.nodes(cst.ImportFrom)], key=source.start)


def _build_bindings(source: Source, statement: cst.Import | cst.ImportFrom) -> list[tuple[cst.ImportAlias, Binding]]:
    """Return what the statement binds of ours, by its part."""
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
    """Put the access where it belongs: to a binding of ours, to those that nothing binds, or to nothing."""
    base: cst.CSTNode = access.node
    while isinstance(base, cst.Attribute):
        base = base.value
    if not isinstance(base, cst.Name) or base not in source.spans:  # in an annotation that is a string
        return
    # By its first name, as Python does: to LibCST `keras.layers` is what is imported even where `keras` is a parameter.
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
    """Whether an assignment beside an import leaves no doubt: another import, or `name = None`."""
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
    """Follow `K = keras.backend`: a variable that is given a module once, and its uses."""
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
    """Give the names that nothing binds to the stars that bring them; return those that no star brings."""
    unresolved_names = []
    for name, scope in unbound.values():
        if name.value in _BUILTIN_NAMES:
            continue
        star = next(
            (star for star in reversed(star_imports) if star.path and _is_exported(star, name.value, api)), None
        )
        if star is not None:
            binding = Binding(name.value, f"{star.path}.{name.value}", star.statement, None, is_top_level=True)
            uses[name] = _build_use(source, name, [binding], scope, is_certain=True)
        elif all(star.path for star in star_imports):
            unresolved_names.append(name)
    return unresolved_names


def _is_exported(star: Binding, name: str, api: Api) -> bool:
    destination = target(canonical_name(f"{star.path}.{name}"), api)
    return bool(destination.path or destination.rule)


def is_visible(name: str, binding: Binding, scope: Scope) -> bool:
    """Whether the name means that binding, or another import of the same, in the scope."""
    assignments = scope[name]
    return bool(assignments) and all(
        isinstance(assignment, ImportAssignment)
        and (assignment.node is binding.statement or assignment.scope is scope.globals)
        for assignment in assignments
    )
