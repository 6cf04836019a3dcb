"""Find faults of a text under TensorFlow 2.9.0."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.migrate import statements
from benchmarks.migrate.api_index import ROOTS, is_under, public_path
from benchmarks.migrate.uses import BUILTIN, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.migrate.api_index import ApiIndex
    from benchmarks.migrate.statements import ImportedName
    from benchmarks.migrate.uses import Use, Walk

CONVOLUTIONS = {
    "Conv2D",
    "Convolution2D",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "Conv2DTranspose",
    "Convolution2DTranspose",
    "Deconvolution2D",
    "AtrousConvolution2D",
}
# Keywords that every layer accepts: those listed in `Layer.__init__` of 2.9.0 and those that it passes on.
LAYER_KEYWORDS = {
    "input_dim",
    "input_shape",
    "batch_input_shape",
    "batch_size",
    "weights",
    "activity_regularizer",
    "autocast",
    "implementation",
    "name",
    "dtype",
    "trainable",
    "dynamic",
}
RECURRENT_KEYWORDS = {"input_length", "time_major", "cell"}
MODEL_KEYWORDS = {"inputs", "outputs", "name", "trainable", "dynamic"}
OPTIMIZER_KEYWORDS = {"name", "clipnorm", "clipvalue", "global_clipnorm", "lr", "decay"}
REMOVED_KEYWORDS = {
    "fit": {"nb_epoch"},
    "evaluate": {"val_samples"},
    "predict_generator": {"val_samples"},
    "fit_generator": {"nb_epoch", "samples_per_epoch", "nb_val_samples", "nb_worker", "max_q_size", "pickle_safe"},
    "evaluate_generator": {"val_samples", "nb_worker", "max_q_size", "pickle_safe"},
}
REMOVED_METHODS = {"predict_classes", "get_output_shape_for", "_keras_shape"}
SHARED_METHODS = {"predict_proba"}  # scikit-learn has it too


@dataclass(frozen=True, slots=True)
class Fault:
    """Single fault.

    Attributes:
        kind: `import`, `name`, `argument`, `convolution` or `method`.
        line: First line, 1-based.
        end: Last line.
        name: Faulty name.
        literal: For a convolution, whether all three arguments are literal numbers.
    """

    kind: str
    line: int
    end: int
    name: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Verdict on one text.

    Attributes:
        parses: Whether the text is valid Python.
        imported_names: Names imported from Keras or TensorFlow.
        faults: All faults.
    """

    parses: bool
    imported_names: tuple[ImportedName, ...]
    faults: tuple[Fault, ...]

    @property
    def name_count(self) -> int:
        """Number of names imported from Keras."""
        return sum(imported_name.is_keras for imported_name in self.imported_names)

    @property
    def unresolved(self) -> tuple[Fault, ...]:
        """Imports and names that do not resolve."""
        return tuple(fault for fault in self.faults if fault.kind in {"import", "name"})

    @property
    def imports_resolve(self) -> bool:
        """Whether every import resolves."""
        return self.parses and not any(fault.kind == "import" for fault in self.faults)

    @property
    def is_clean(self) -> bool:
        """Whether there are no faults."""
        return self.parses and not self.faults


def judge(text: str, index: ApiIndex) -> Verdict:
    """Find all faults of a text."""
    tree = statements.parse(text)
    imported_names = tuple(
        imported_name for imported_name in statements.imports(text, tree) if imported_name.is_tracked
    )
    faults = [
        Fault("import", imported_name.line, imported_name.end, imported_name.path)
        for imported_name in imported_names
        if not imported_name.resolves(index)
    ]
    if tree is not None:
        walk = uses(tree)
        unresolved = {fault.name for fault in faults}
        faults += _name_faults(walk, unresolved, index)
        faults += _star_faults(tree, walk, index)
        faults += [fault for use in walk.uses for fault in _call_faults(use, index)]
        faults += _method_faults(tree)
    return Verdict(
        tree is not None, imported_names, tuple(sorted(set(faults), key=lambda fault: (fault.line, fault.name)))
    )


def _name_faults(walk: Walk, unresolved: set[str], index: ApiIndex) -> Iterator[Fault]:
    for use in walk.uses:
        tracked_paths = [path for path in use.paths if is_under(path, ROOTS)]
        if (
            tracked_paths
            and not any(_exists(path, index) for path in tracked_paths)
            and not any(is_under(tracked_paths[0], (unresolved_path,)) for unresolved_path in unresolved)
        ):
            yield Fault("name", use.line, use.end, tracked_paths[0])


def _exists(path: str, index: ApiIndex) -> bool:
    return index.has(path) or index.has_module(path)


def _star_faults(tree: ast.Module, walk: Walk, index: ApiIndex) -> Iterator[Fault]:
    """Yield names that a star import of standalone Keras provided but the current one does not."""
    stars = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    if not stars or not all(is_under(star.module or "", ROOTS) and not star.level for star in stars):
        return
    exported = {name for star in stars for name in index.exports(star.module or "")} | BUILTIN
    for name, line in walk.unbound:
        if name not in exported:
            yield Fault("name", line, line, name)


def _call_faults(use: Use, index: ApiIndex) -> Iterator[Fault]:
    call, path = use.call, use.paths[0]
    if call is None or not is_under(path, ROOTS) or len(use.paths) > 1:
        return
    name = path.rpartition(".")[2]
    positional = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
    if name in CONVOLUTIONS and len(positional) == len(call.args) > 2 and not any(map(_is_sequence, positional[1:3])):
        yield Fault("convolution", call.lineno, call.end_lineno or call.lineno, path, all(map(_is_int, positional[:3])))
    accepted = _accepted_keywords(path, index)
    for keyword in call.keywords:
        if accepted is not None and keyword.arg is not None and keyword.arg not in accepted:
            yield Fault("argument", keyword.value.lineno, keyword.value.lineno, f"{path}({keyword.arg}=)")


def _accepted_keywords(path: str, index: ApiIndex) -> set[str] | None:
    """Return all keywords that the callable accepts; None if unknown."""
    parameters, path = index.parameters(path), public_path(path)
    if parameters is None:
        return None
    names = set(parameters.names)
    if not parameters.accepts_kwargs:
        return names
    if path in {"tensorflow.keras.Model", "tensorflow.keras.models.Model"}:
        return MODEL_KEYWORDS
    if path.startswith("tensorflow.keras.optimizers."):
        return names | OPTIMIZER_KEYWORDS
    if path.startswith("tensorflow.keras.layers.") and path.rpartition(".")[2] not in {"Input", "InputLayer"}:
        recurrent = RECURRENT_KEYWORDS if "recurrent_dropout" in names or "return_sequences" in names else set()
        return names | LAYER_KEYWORDS | recurrent
    return None


def _is_sequence(node: ast.expr) -> bool:
    return isinstance(node, (ast.Tuple, ast.List, ast.Constant)) and not _is_int(node)


def _is_int(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _method_faults(tree: ast.Module) -> Iterator[Fault]:
    uses_sklearn = any("sklearn" in (getattr(node, "module", "") or "") for node in ast.walk(tree))
    removed = REMOVED_METHODS if uses_sklearn else REMOVED_METHODS | SHARED_METHODS
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "get_output_shape_for":
            yield Fault("method", node.lineno, node.lineno, node.name)
        elif isinstance(node, ast.Attribute) and node.attr in removed:
            yield Fault("method", node.lineno, node.end_lineno or node.lineno, node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            removed_keywords = REMOVED_KEYWORDS.get(node.func.attr, set())
            for keyword in node.keywords:
                if keyword.arg in removed_keywords:
                    line = keyword.value.lineno
                    yield Fault("argument", line, line, f".{node.func.attr}({keyword.arg}=)")
