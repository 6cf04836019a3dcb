"""Find uses of imports from Keras and TensorFlow: attribute chains and calls, by a simple walk of scopes."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.migrate.statements import statement_imports

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILTIN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Use:
    """Attribute chain that starts with an imported name.

    Attributes:
        line: First line.
        end: Last line.
        paths: Possible dotted names; several if several imports bind the name.
        call: Call of the chain, or None.
    """

    line: int
    end: int
    paths: tuple[str, ...]
    call: ast.Call | None


@dataclass(slots=True)
class ScopeNames:
    """Bindings of a scope: name -> imported paths, or None if the name is also bound to something else."""

    paths: dict[str, set[str] | None] = field(default_factory=dict)
    is_class: bool = False

    def bind(self, name: str, path: str | None) -> None:
        """Record a binding."""
        known_paths = self.paths.get(name, set())
        self.paths[name] = None if path is None or known_paths is None else {*known_paths, path}


@dataclass(slots=True)
class Walk:
    """Result of a walk.

    Attributes:
        uses: Chains that start with an import.
        unbound: Unbound names with their lines.
    """

    uses: list[Use] = field(default_factory=list)
    unbound: list[tuple[str, int]] = field(default_factory=list)


def uses(tree: ast.Module) -> Walk:
    """Find all uses of imports in a module."""
    walk = Walk()
    _walk_scope(tree, [], walk)
    return walk


def _walk_scope(node: ast.AST, outer_scopes: list[ScopeNames], walk: Walk) -> None:
    names = ScopeNames(is_class=isinstance(node, ast.ClassDef))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        args = node.args
        for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
            if arg is not None:
                names.bind(arg.arg, None)
    children = _generators(node) if isinstance(node, COMPREHENSIONS) else list(_body(node))
    outer_names = {name for child in children for name in _outer_names(child)}
    for child in children:
        _bind(child, names, outer_names)
    scopes = [*[scope for scope in outer_scopes if not scope.is_class], names]
    for child in children:
        _visit(child, scopes, walk, None)


def _body(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Lambda):
        yield node.body
    else:
        yield from node.body  # type: ignore[attr-defined]


def _generators(node: ast.AST) -> list[ast.AST]:
    return list(ast.iter_child_nodes(node))


def _outer_names(node: ast.AST) -> Iterator[str]:
    """Yield names that the scope declares global or nonlocal."""
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    elif not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _outer_names(child)


def _bind(node: ast.AST, names: ScopeNames, outer_names: set[str]) -> None:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for imported in statement_imports(node):
            names.bind(
                imported.local_name,
                imported.path
                if imported.local_name != imported.path.partition(".")[0] or imported.module
                else imported.local_name,
            )
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)) and node.name:
        names.bind(node.name, None)
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node.id not in outer_names:
        names.bind(node.id, None)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is None:
        return  # `layers = None` after a failed import
    if not isinstance(node, (*SCOPES, *COMPREHENSIONS)):
        for child in ast.iter_child_nodes(node):
            _bind(child, names, outer_names)


def _visit(node: ast.AST, scopes: list[ScopeNames], walk: Walk, call: ast.Call | None) -> None:
    if isinstance(node, (*SCOPES, *COMPREHENSIONS)):
        for outer_node in _outer_nodes(node):
            _visit(outer_node, scopes, walk, None)
        _walk_scope(node, scopes, walk)
    elif isinstance(node, (ast.Attribute, ast.Name)):
        _record_chain(node, scopes, walk, call)
    else:
        for child in ast.iter_child_nodes(node):
            _visit(child, scopes, walk, node if isinstance(node, ast.Call) and child is node.func else None)


def _outer_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a definition that are evaluated in the enclosing scope."""
    if isinstance(node, ast.ClassDef):
        yield from [*node.bases, *node.keywords, *node.decorator_list]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        yield from [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
        if not isinstance(node, ast.Lambda):
            yield from node.decorator_list


def _record_chain(node: ast.Attribute | ast.Name, scopes: list[ScopeNames], walk: Walk, call: ast.Call | None) -> None:
    parts: list[str] = []
    base: ast.expr = node
    while isinstance(base, ast.Attribute):
        if isinstance(base.ctx, ast.Load):
            parts.insert(0, base.attr)
        base = base.value
    if not isinstance(base, ast.Name):
        _visit(base, scopes, walk, None)
        return
    if not isinstance(base.ctx, ast.Load):
        return
    scope = next((candidate for candidate in reversed(scopes) if base.id in candidate.paths), None)
    if scope is None:
        walk.unbound.append((base.id, base.lineno))
    elif (known_paths := scope.paths[base.id]) is not None:
        paths = tuple(sorted(".".join([path, *parts]) for path in known_paths))
        walk.uses.append(Use(node.lineno, node.end_lineno or node.lineno, paths, call))
