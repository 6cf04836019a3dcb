"""Table of all rules, the source of `docs/reference/migrate-rules.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate.rules import arguments, imports, manual, runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.migrate.rules.rule import Rule

RULE_TABLE: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        *imports.IMPORTS,
        *imports.NAMES,
        *arguments.ARGUMENTS,
        *arguments.BACKEND,
        *manual.REVIEW,
        *manual.IMPOSSIBLE,
        *runtime.RUNTIME,
        *runtime.GRAPH,
        *runtime.TRAINING,
        *runtime.BEHAVIOUR,
        *runtime.LINTS,
    )
}
