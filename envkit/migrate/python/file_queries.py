"""Queries on one file for the rules that only add notes: its calls, strings and names."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.python.call_arguments import Arguments, string_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.python.bindings import KerasUsage, Use
    from envkit.migrate.python.edits import EditSet

_MODEL_NAME = re.compile(r"model|net|encoder|decoder|generator|discriminator|classifier|regressor|gan$", re.IGNORECASE)
_MODEL_FACTORY = re.compile(r"keras\.(?:\w+\.)*(?:Model|Sequential|load_model|model_from_json|clone_model)")


@dataclass(eq=False)
class FileQueries:
    """Queries on one file.

    Attributes:
        edits: Edits of the file.
        usage: Imports of Keras and TensorFlow, and their uses.
    """

    edits: EditSet
    usage: KerasUsage

    @cached_property
    def is_standalone(self) -> bool:
        """Whether the file imports standalone Keras, not only `tf.keras`."""
        return any(binding.is_standalone for binding in [*self.usage.bindings, *self.usage.star_imports])

    @cached_property
    def uses_keras(self) -> bool:
        """Whether the file uses any Keras, not only TensorFlow."""
        return any(use.path.startswith("keras.") for use in self.usage.uses)

    @cached_property
    def method_calls(self) -> Mapping[str, list[cst.Call]]:
        """Calls of attributes by attribute name."""
        calls_by_name = defaultdict(list)
        for call in self.edits.source.nodes(cst.Call):
            if isinstance(call.func, cst.Attribute):
                calls_by_name[call.func.attr.value].append(call)
        return calls_by_name

    @cached_property
    def keras_calls(self) -> Mapping[str, list[tuple[Use, Arguments]]]:
        """Calls of Keras and TensorFlow names by canonical name."""
        calls_by_path = defaultdict(list)
        for use in self.usage.uses:
            call = self.edits.source.parents[use.node]
            if isinstance(call, cst.Call) and call.func is use.node:
                calls_by_path[use.path].append((use, Arguments(self.edits.source, call)))
        return calls_by_path

    @cached_property
    def model_names(self) -> frozenset[str]:
        """Variables that are assigned a Keras model."""
        source = self.edits.source
        names: set[str] = set()
        for path, calls in self.keras_calls.items():
            if not _MODEL_FACTORY.fullmatch(path):
                continue
            for _, args in calls:
                assign = source.parents[args.call]
                if isinstance(assign, cst.Assign):
                    names.update(source.code(target.target) for target in assign.targets)
        return frozenset(names)

    @cached_property
    def assigned_values(self) -> Mapping[str, list[cst.BaseExpression]]:
        """Values that the file assigns, by the code of the target."""
        values = defaultdict(list)
        for assign in self.edits.source.nodes(cst.Assign):
            for target in assign.targets:
                values[self.edits.source.code(target.target)].append(assign.value)
        return values

    def assigned_names(self, value: cst.CSTNode) -> list[str]:
        """Return the targets that the value is assigned to."""
        assign = self.edits.source.parents[value]
        return [self.edits.source.code(target.target) for target in getattr(assign, "targets", ())]

    @cached_property
    def foreign_names(self) -> frozenset[str]:
        """Variables that are only assigned results of packages other than Keras."""
        source = self.edits.source
        foreign_roots = {
            (alias.evaluated_alias or alias.evaluated_name).partition(".")[0]
            for statement in source.nodes(cst.Import)
            for alias in statement.names
        } - {binding.name for binding in self.usage.bindings}
        return frozenset(
            name
            for name, values in self.assigned_values.items()
            if all(
                isinstance(value, cst.Call) and source.code(value.func).partition(".")[0] in foreign_roots
                for value in values
            )
        )

    def arguments(self, call: cst.Call) -> Arguments:
        """Return the arguments of the call."""
        return Arguments(self.edits.source, call)

    def is_model_method(self, call: cst.Call) -> bool:
        """Check whether the method is called on a likely Keras model."""
        assert isinstance(call.func, cst.Attribute)  # noqa: S101 - callers pass method calls only
        return self.looks_like_model(call.func.value)

    def is_keras_model(self, call: cst.Call) -> bool:
        """Check whether the method is called on a variable that is assigned a Keras model."""
        assert isinstance(call.func, cst.Attribute)  # noqa: S101 - callers pass method calls only
        return self.edits.source.code(call.func.value) in self.model_names

    def looks_like_model(self, node: cst.BaseExpression) -> bool:
        """Check whether the expression is a likely Keras model, by its assignments or its name."""
        code = self.edits.source.code(node)
        if code in self.model_names:
            return True
        if code in self.foreign_names:
            return False
        last_name = code.rpartition(".")[2]
        return last_name.isidentifier() and _MODEL_NAME.search(last_name) is not None

    def add_note(self, rule: str, node: cst.CSTNode, message: str = "", hint: str = "") -> None:
        """Add a note at the node."""
        self.edits.add_note(rule, self.edits.source.start(node), message, hint)

    def string_argument(self, args: Arguments, position: int, keyword: str) -> str | None:
        """Return the string literal passed by position or keyword, or None."""
        arg = args.keywords.get(keyword) or (args.positional[position] if len(args.positional) > position else None)
        return string_value(arg.value) if arg is not None else None
