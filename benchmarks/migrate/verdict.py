"""What is wrong with one text under TensorFlow 2.9.0."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.migrate import statements
from benchmarks.migrate.uses import BUILTIN, uses
from benchmarks.migrate.world import OURS, is_of, public

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.migrate.statements import Imported
    from benchmarks.migrate.uses import Use, Walk
    from benchmarks.migrate.world import World

CONVOLUTIONS = {"Conv2D", "Convolution2D", "SeparableConv2D", "SeparableConvolution2D", "Conv2DTranspose",
                "Convolution2DTranspose", "Deconvolution2D", "AtrousConvolution2D"}
# What each layer takes beside its own arguments, as `Layer.__init__` of 2.9.0 lists it, and those it passes on.
OF_LAYERS = {"input_dim", "input_shape", "batch_input_shape", "batch_size", "weights", "activity_regularizer",
             "autocast", "implementation", "name", "dtype", "trainable", "dynamic"}
OF_RECURRENT = {"input_length", "time_major", "cell"}
OF_MODELS = {"inputs", "outputs", "name", "trainable", "dynamic"}
OF_OPTIMIZERS = {"name", "clipnorm", "clipvalue", "global_clipnorm", "lr", "decay"}
OF_METHODS = {
    "fit": {"nb_epoch"}, "evaluate": {"val_samples"}, "predict_generator": {"val_samples"},
    "fit_generator": {"nb_epoch", "samples_per_epoch", "nb_val_samples", "nb_worker", "max_q_size", "pickle_safe"},
    "evaluate_generator": {"val_samples", "nb_worker", "max_q_size", "pickle_safe"},
}
REMOVED = {"predict_classes", "get_output_shape_for", "_keras_shape"}
ANY_LIBRARY = {"predict_proba"}  # scikit-learn has it too


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: `import`, `name`, `argument`, `convolution` or `method`.
        line: Where, from 1.
        end: Where it ends.
        what: The name.
        literal: Of a convolution, whether all three are numbers that stand there.
    """

    kind: str
    line: int
    end: int
    what: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was seen of one text.

    Attributes:
        parses: Whether it is Python.
        imported: Names that it imports from Keras or TensorFlow.
        faults: What is wrong with it.
    """

    parses: bool
    imported: tuple[Imported, ...]
    faults: tuple[Fault, ...]

    @property
    def names(self) -> int:
        """How many names it imports from Keras."""
        return sum(one.of_keras for one in self.imported)

    @property
    def unresolved(self) -> tuple[Fault, ...]:
        """Imports and names that lead to nothing."""
        return tuple(one for one in self.faults if one.kind in {"import", "name"})

    @property
    def resolves(self) -> bool:
        """Whether every import finds what it names."""
        return self.parses and not any(one.kind == "import" for one in self.faults)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.parses and not self.faults


def judge(text: str, world: World) -> Verdict:
    """Look for all that is wrong."""
    tree = statements.parsed(text)
    imported = tuple(one for one in statements.imports(text, tree) if one.ours)
    faults = [Fault("import", one.line, one.end, one.path) for one in imported if not one.resolves(world)]
    if tree is not None:
        walk = uses(tree)
        bad = {fault.what for fault in faults}
        faults += _names(walk, bad, world)
        faults += _loose(tree, walk, world)
        faults += [fault for use in walk.uses for fault in _call(use, world)]
        faults += _methods(tree)
    return Verdict(tree is not None, imported, tuple(sorted(set(faults), key=lambda one: (one.line, one.what))))


def _names(walk: Walk, bad: set[str], world: World) -> Iterator[Fault]:
    for use in walk.uses:
        ours = [path for path in use.paths if is_of(path, OURS)]
        if ours and not any(_has(path, world) for path in ours) and not any(is_of(ours[0], (one,)) for one in bad):
            yield Fault("name", use.line, use.end, ours[0])


def _has(path: str, world: World) -> bool:
    return world.has(path) or world.has_module(path)


def _loose(tree: ast.Module, walk: Walk, world: World) -> Iterator[Fault]:
    """Names that a star of standalone Keras brought, and the star that stands there now does not."""
    stars = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    if not stars or not all(is_of(star.module or "", OURS) and not star.level for star in stars):
        return
    brought = {name for star in stars for name in world.exports(star.module or "")} | BUILTIN
    for name, line in walk.loose:
        if name not in brought:
            yield Fault("name", line, line, name)


def _call(use: Use, world: World) -> Iterator[Fault]:
    call, path = use.call, use.paths[0]
    if call is None or not is_of(path, OURS) or len(use.paths) > 1:
        return
    name = path.rpartition(".")[2]
    positional = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
    if name in CONVOLUTIONS and len(positional) == len(call.args) > 2 and not any(map(_pair, positional[1:3])):
        yield Fault("convolution", call.lineno, call.end_lineno or call.lineno, path, all(map(_number, positional[:3])))
    accepted = _accepted(path, world)
    for keyword in call.keywords:
        if accepted is not None and keyword.arg is not None and keyword.arg not in accepted:
            yield Fault("argument", keyword.value.lineno, keyword.value.lineno, f"{path}({keyword.arg}=)")


def _accepted(path: str, world: World) -> set[str] | None:
    """Return every keyword that the callable takes; None where that is not known."""
    parameters, path = world.parameters(path), public(path)
    if parameters is None:
        return None
    names = set(parameters.names)
    if not parameters.open:
        return names
    if path in {"tensorflow.keras.Model", "tensorflow.keras.models.Model"}:
        return OF_MODELS
    if path.startswith("tensorflow.keras.optimizers."):
        return names | OF_OPTIMIZERS
    if path.startswith("tensorflow.keras.layers.") and path.rpartition(".")[2] not in {"Input", "InputLayer"}:
        recurrent = OF_RECURRENT if "recurrent_dropout" in names or "return_sequences" in names else set()
        return names | OF_LAYERS | recurrent
    return None


def _pair(node: ast.expr) -> bool:
    return isinstance(node, (ast.Tuple, ast.List, ast.Constant)) and not _number(node)


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _methods(tree: ast.Module) -> Iterator[Fault]:
    learns = any("sklearn" in (getattr(node, "module", "") or "") for node in ast.walk(tree))
    removed = REMOVED if learns else REMOVED | ANY_LIBRARY
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "get_output_shape_for":
            yield Fault("method", node.lineno, node.lineno, node.name)
        elif isinstance(node, ast.Attribute) and node.attr in removed:
            yield Fault("method", node.lineno, node.end_lineno or node.lineno, node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            gone = OF_METHODS.get(node.func.attr, set())
            for keyword in node.keywords:
                if keyword.arg in gone:
                    line = keyword.value.lineno
                    yield Fault("argument", line, line, f".{node.func.attr}({keyword.arg}=)")
