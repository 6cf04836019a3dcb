"""What the rules that only tell look at: the calls, strings and names of one file."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from envkit.migrate.arguments import Arguments, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.bindings import Bound, Use
    from envkit.migrate.draft import Draft

_MODEL = re.compile(r"model|net|encoder|decoder|generator|discriminator|classifier|regressor|gan$", re.IGNORECASE)
_MAKES_MODELS = re.compile(r"keras\.(?:\w+\.)*(?:Model|Sequential|load_model|model_from_json|clone_model)")


@dataclass(eq=False)
class Look:
    """One file, for rules that tell.

    Attributes:
        draft: What is being made of it.
        bound: What it imports, and where it uses that.
    """

    draft: Draft
    bound: Bound

    @cached_property
    def standalone(self) -> bool:
        """Whether the file was written for standalone Keras, not for that of TensorFlow."""
        return any(one.standalone for one in [*self.bound.bindings, *self.bound.stars])

    @cached_property
    def uses_keras(self) -> bool:
        """Whether it uses any Keras, not TensorFlow alone."""
        return any(use.path.startswith("keras.") for use in self.bound.uses)

    @cached_property
    def calls(self) -> Mapping[str, list[cst.Call]]:
        """Calls of attributes, by the attribute's name."""
        found = defaultdict(list)
        for call in self.draft.source.all(cst.Call):
            if isinstance(call.func, cst.Attribute):
                found[call.func.attr.value].append(call)
        return found

    @cached_property
    def called(self) -> Mapping[str, list[tuple[Use, Arguments]]]:
        """Calls of names of Keras and TensorFlow, by the name as standalone Keras had it."""
        found = defaultdict(list)
        for use in self.bound.uses:
            call = self.draft.source.parents[use.node]
            if isinstance(call, cst.Call) and call.func is use.node:
                found[use.path].append((use, Arguments(self.draft.source, call)))
        return found

    @cached_property
    def models(self) -> frozenset[str]:
        """Variables that are given a model of Keras."""
        source = self.draft.source
        names: set[str] = set()
        for path, calls in self.called.items():
            if not _MAKES_MODELS.fullmatch(path):
                continue
            for _, args in calls:
                assign = source.parents[args.call]
                if isinstance(assign, cst.Assign):
                    names.update(source.code(target.target) for target in assign.targets)
        return frozenset(names)

    def arguments(self, call: cst.Call) -> Arguments:
        """Return the arguments of the call."""
        return Arguments(self.draft.source, call)

    def is_model(self, call: cst.Call) -> bool:
        """Whether a method is called on what looks like a model of Keras, and not on an imported module."""
        assert isinstance(call.func, cst.Attribute)  # noqa: S101 - only methods are asked about
        return self.names_model(call.func.value)

    def names_model(self, node: cst.BaseExpression) -> bool:
        """Whether what is written there looks like a model of Keras."""
        code = self.draft.source.code(node)
        if code in self.models:
            return True
        last = code.rpartition(".")[2]
        return last.isidentifier() and _MODEL.search(last) is not None

    def tell(self, rule: str, node: cst.CSTNode, message: str = "", mend: str = "") -> None:
        """Note what the rule is about at the node."""
        self.draft.tell(rule, self.draft.source.start(node), message, mend)

    def text(self, args: Arguments, place: int, name: str) -> str | None:
        """Return the string that is given by that position or name."""
        arg = args.keywords.get(name) or (args.positional[place] if len(args.positional) > place else None)
        return text_of(arg.value) if arg is not None else None
