"""What a file imports from Keras and TensorFlow, and every place that uses it: by LibCST's scopes."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst
from libcst.metadata.scope_provider import Assignment, ImportAssignment

from envkit.migrate.names import canonical, target

if TYPE_CHECKING:
    from libcst.metadata.scope_provider import Access, BaseAssignment, Scope

    from envkit.migrate.api import Api
    from envkit.migrate.source import Source

ROOTS = ("keras", "tensorflow")
# Where statements stand in statements.
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}


@dataclass(eq=False)
class Binding:
    """A name of the file that stands for something of Keras or TensorFlow.

    Attributes:
        name: As the file calls it.
        path: What was imported, as it is written there: `keras.layers`, `tensorflow`.
        statement: The import.
        alias: Its part that binds the name; None for what a star brings, and for a variable that was given a module.
        top: It stands at the top of the module's scope, for all to see.
        target: What it will stand for once the import is rewritten, as a dotted name; empty where it stays as it was.
        instead: Layers that are imported in its place.
        uses: Where it is used, in the order of the text.
    """

    name: str
    path: str
    statement: cst.Import | cst.ImportFrom
    alias: cst.ImportAlias | None
    top: bool
    target: str = ""
    instead: tuple[str, ...] = ()
    uses: list[Use] = field(default_factory=list)

    @property
    def standalone(self) -> bool:
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
        others: What else it may mean, where several imports bind the name.
        tail: What comes after the name in the chain, with its dot.
        sure: Nothing but imports of ours can be meant.
        scope: Where it stands.
    """

    node: cst.Name | cst.Attribute
    base: cst.Name
    binding: Binding
    path: str
    others: tuple[str, ...]
    tail: str
    sure: bool
    scope: Scope


@dataclass(frozen=True, eq=False)
class Bound:
    """All of it for one file.

    Attributes:
        bindings: In the order of the text; without those of stars.
        uses: In the order of the text.
        stars: Imports of everything from a module of Keras or TensorFlow.
        leaked: Uses of names that nothing in the file binds, where only stars of Keras can have brought them.
        bound: Every name that is bound anywhere in the file.
    """

    bindings: list[Binding]
    uses: list[Use]
    stars: list[Binding]
    leaked: list[cst.Name]
    bound: frozenset[str]


def bound(source: Source, api: Api) -> Bound:
    """Find what the file imports from Keras and TensorFlow, and where it uses that."""
    found = {alias: one for statement in _statements(source) for alias, one in _of(source, statement)}
    stars = _stars(source)
    uses: dict[cst.CSTNode, Use] = {}
    loose: dict[cst.CSTNode, tuple[cst.Name, Scope]] = {}
    names: set[str] = set()
    for scope in source.scopes:
        names.update(assignment.name for assignment in scope.assignments)
        for access in scope.accesses:
            _sort(source, access, found, uses, loose)
    leaked = [] if not stars else _starred(source, stars, loose, uses, api)
    assigned = _assigned(source, list(uses.values()), uses, api)
    ordered = sorted(uses.values(), key=lambda use: source.start(use.node))
    for use in ordered:
        use.binding.uses.append(use)
    bindings = sorted([*found.values(), *assigned], key=lambda one: source.start(one.statement))
    return Bound(bindings, ordered, stars, leaked, frozenset(names))


def imports(python: ast.Module) -> bool:
    """Say whether a file can bind anything of ours: it imports it, or a star brings nobody knows what."""
    waiting: list[ast.AST] = [python]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            if any(one.name.partition(".")[0] in ROOTS for one in node.names):
                return True
        elif isinstance(node, ast.ImportFrom):
            module = "" if node.level else (node.module or "").partition(".")[0]
            if module in ROOTS or node.names[0].name == "*":
                return True
        else:
            waiting += [one for block in _BLOCKS for one in getattr(node, block, ())]
    return False


def dotted(node: cst.BaseExpression | None) -> str:
    """Return `a.b.c` for a chain of names, or nothing for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return ".".join([node.value, *reversed(parts)]) if isinstance(node, cst.Name) else ""


def _statements(source: Source) -> list[cst.Import | cst.ImportFrom]:
    return sorted([*source.all(cst.Import), *source.all(cst.ImportFrom)], key=source.start)


def _of(source: Source, statement: cst.Import | cst.ImportFrom) -> list[tuple[cst.ImportAlias, Binding]]:
    """Return what the statement binds of ours, by its part."""
    if isinstance(statement, cst.ImportFrom) and (statement.relative or isinstance(statement.names, cst.ImportStar)):
        return []
    module = dotted(statement.module) if isinstance(statement, cst.ImportFrom) else ""
    found = []
    for alias in statement.names:  # type: ignore[union-attr]
        written = dotted(alias.name)
        path = f"{module}.{written}" if module else written
        if path.partition(".")[0] not in ROOTS:
            continue
        name = dotted(alias.asname.name) if alias.asname else written
        if not module and not alias.asname:
            name = path = written.partition(".")[0]
        found.append((alias, Binding(name, path, statement, alias, _top(source, statement))))
    return found


def _top(source: Source, statement: cst.CSTNode) -> bool:
    return not any(isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Lambda)) for node in source.above(statement))


def _stars(source: Source) -> list[Binding]:
    found = []
    for statement in source.all(cst.ImportFrom):
        module = dotted(statement.module)
        if isinstance(statement.names, cst.ImportStar):
            ours = not statement.relative and module.partition(".")[0] in ROOTS
            found.append(Binding("*", module if ours else "", statement, None, top=True))
    return found


def _sort(
    source: Source, access: Access, found: dict[cst.ImportAlias, Binding], uses: dict[cst.CSTNode, Use],
    loose: dict[cst.CSTNode, tuple[cst.Name, Scope]],
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
        loose[base] = (base, access.scope)
        return
    ours = [one for one in (_binding(referent, found) for referent in referents) if one is not None]
    if ours:
        ours.sort(key=lambda one: source.start(one.statement))
        uses[base] = _use(source, base, ours, access.scope, sure=all(_harmless(source, one) for one in referents))


def _binding(referent: BaseAssignment, found: dict[cst.ImportAlias, Binding]) -> Binding | None:
    if not isinstance(referent, ImportAssignment) or isinstance(referent.node, cst.CSTNode) is False:
        return None
    names = getattr(referent.node, "names", ())
    if isinstance(names, cst.ImportStar):
        return None
    for alias in names:
        bound_as = alias.asname.name if alias.asname else alias.name
        if bound_as is referent.as_name:
            return found.get(alias)
    return None


def _harmless(source: Source, referent: BaseAssignment) -> bool:
    """Whether an assignment beside an import leaves no doubt: another import, or `name = None`."""
    if isinstance(referent, ImportAssignment):
        return True
    if not isinstance(referent, Assignment):
        return False
    statement = next((one for one in source.above(referent.node) if isinstance(one, cst.Assign)), None)
    return statement is not None and isinstance(statement.value, cst.Name) and statement.value.value == "None"


def _use(source: Source, base: cst.Name, meant: list[Binding], scope: Scope, *, sure: bool) -> Use:
    node: cst.Name | cst.Attribute = base
    tail = ""
    for parent in source.above(base):
        if not isinstance(parent, cst.Attribute) or parent.value is not node:
            break
        node, tail = parent, f"{tail}.{parent.attr.value}"
    path, *others = dict.fromkeys(canonical(one.path + tail) for one in meant)
    return Use(node, base, meant[0], path, tuple(others), tail, sure, scope)


def _assigned(source: Source, known: list[Use], uses: dict[cst.CSTNode, Use], api: Api) -> list[Binding]:
    """Follow `K = keras.backend`: a variable that is given a module once, and its uses."""
    found = []
    for use in known:
        assign = source.parents[use.node]
        if not isinstance(assign, cst.Assign) or assign.value is not use.node or len(assign.targets) != 1:
            continue
        name = assign.targets[0].target
        meant = list(use.scope.assignments[name.value]) if isinstance(name, cst.Name) else []
        if not isinstance(name, cst.Name) or len(meant) != 1 or not api.is_module(target(use.path, api).path):
            continue
        binding = Binding(name.value, use.binding.path + use.tail, use.binding.statement, None, top=False)
        found.append(binding)
        for access in meant[0].references:
            if isinstance(access.node, cst.Name):
                uses[access.node] = _use(source, access.node, [binding], access.scope, sure=use.sure)
    return found


def _starred(
    source: Source, stars: list[Binding], loose: dict[cst.CSTNode, tuple[cst.Name, Scope]],
    uses: dict[cst.CSTNode, Use], api: Api,
) -> list[cst.Name]:
    """Give the names that nothing binds to the stars that bring them; return those that no star brings."""
    leaked = []
    for name, scope in loose.values():
        if name.value in _BUILTINS:
            continue
        star = next((star for star in reversed(stars) if star.path and _brings(star, name.value, api)), None)
        if star is not None:
            brought = Binding(name.value, f"{star.path}.{name.value}", star.statement, None, top=True)
            uses[name] = _use(source, name, [brought], scope, sure=True)
        elif all(star.path for star in stars):
            leaked.append(name)
    return leaked


def _brings(star: Binding, name: str, api: Api) -> bool:
    found = target(canonical(f"{star.path}.{name}"), api)
    return bool(found.path or found.rule)


def visible(name: str, binding: Binding, scope: Scope) -> bool:
    """Whether the name means that binding, or another import of the same, in the scope."""
    meant = scope[name]
    return bool(meant) and all(
        isinstance(one, ImportAssignment) and (one.node is binding.statement or one.scope is scope.globals)
        for one in meant
    )
