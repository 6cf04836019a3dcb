"""The way of one file: read it, find what it uses of Keras, rewrite, tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate import (
    arms,
    backend,
    behaviour,
    bindings,
    calls,
    chains,
    failing,
    imports,
    lints,
    merges,
    methods,
    source,
)
from envkit.migrate.added import ImportInserter
from envkit.migrate.draft import EditSet
from envkit.migrate.look import FileQueries
from envkit.migrate.outcome import Outcome

if TYPE_CHECKING:
    from envkit.migrate.api import Api


def transform(content: bytes, api: Api, disabled_rules: frozenset[str]) -> Outcome:
    """Return what comes of a file that has to do with Keras."""
    try:
        text, encoding = source.decode(content)
        tree = source.parse_ast(text)
        if tree is not None and not bindings.may_import_keras(tree):
            return Outcome(content)
        parsed_file = source.parse(text)
        return transform_source(content, parsed_file, encoding, api, disabled_rules)
    except RecursionError:
        nesting_error = source.NestingTooDeep()
        return Outcome(content, error=nesting_error.reason, hint=nesting_error.hint)
    except source.UnreadableSource as error:
        return Outcome(content, error=error.reason, hint=error.hint)


def transform_source(
    content: bytes, parsed_file: source.Source, encoding: str, api: Api, disabled_rules: frozenset[str] = frozenset()
) -> Outcome:
    """Return what comes of a file that was read."""
    usage = bindings.find_usage(parsed_file, api)
    edits = EditSet(parsed_file, disabled_rules)
    if usage.bindings or usage.star_imports:
        imports.choose_targets(usage, api)
        merges.plan_imports(parsed_file, usage)
        inserter = ImportInserter(edits, usage)
        imports.rewrite(edits, usage, api)
        chains.rewrite(edits, usage, api, inserter)
        calls.rewrite(edits, usage, api)
        backend.rewrite(edits, usage, inserter)
        methods.rewrite(edits, usage)
        arms.add_notes(edits, usage)
        queries = FileQueries(edits, usage)
        failing.add_notes(queries)
        behaviour.add_notes(queries)
        lints.add_notes(queries)
    rewrites = edits.rewrites()
    return Outcome(edits.text().encode(encoding) if rewrites else content, rewrites, edits.notes())
