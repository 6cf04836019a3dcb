"""The way of one file: read it, find what it uses of Keras, rewrite, tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate.outcome import Outcome
from envkit.migrate.python import (
    attribute_chains,
    backend,
    behaviour_notes,
    bindings,
    calls,
    duplicate_branches,
    imports,
    lints,
    merge_layer,
    methods,
    runtime_notes,
)
from envkit.migrate.python import (
    parsed_file as parsed_file_,
)
from envkit.migrate.python.edits import EditSet
from envkit.migrate.python.file_queries import FileQueries
from envkit.migrate.python.import_insertion import ImportInserter

if TYPE_CHECKING:
    from envkit.migrate.tf_api import Api


def transform(content: bytes, api: Api, disabled_rules: frozenset[str]) -> Outcome:
    """Return what comes of a file that has to do with Keras."""
    try:
        text, encoding = parsed_file_.decode(content)
        tree = parsed_file_.parse_ast(text)
        if tree is not None and not bindings.may_import_keras(tree):
            return Outcome(content)
        parsed_file = parsed_file_.parse(text)
        return transform_source(content, parsed_file, encoding, api, disabled_rules)
    except RecursionError:
        nesting_error = parsed_file_.NestingTooDeep()
        return Outcome(content, error=nesting_error.reason, hint=nesting_error.hint)
    except parsed_file_.UnreadableSource as error:
        return Outcome(content, error=error.reason, hint=error.hint)


def transform_source(
    content: bytes,
    parsed_file: parsed_file_.Source,
    encoding: str,
    api: Api,
    disabled_rules: frozenset[str] = frozenset(),
) -> Outcome:
    """Return what comes of a file that was read."""
    usage = bindings.find_usage(parsed_file, api)
    edits = EditSet(parsed_file, disabled_rules)
    if usage.bindings or usage.star_imports:
        imports.choose_targets(usage, api)
        merge_layer.plan_imports(parsed_file, usage)
        inserter = ImportInserter(edits, usage)
        imports.rewrite(edits, usage, api)
        attribute_chains.rewrite(edits, usage, api, inserter)
        calls.rewrite(edits, usage, api)
        backend.rewrite(edits, usage, inserter)
        methods.rewrite(edits, usage)
        duplicate_branches.add_notes(edits, usage)
        queries = FileQueries(edits, usage)
        runtime_notes.add_notes(queries)
        behaviour_notes.add_notes(queries)
        lints.add_notes(queries)
    rewrites = edits.rewrites()
    return Outcome(edits.text().encode(encoding) if rewrites else content, rewrites, edits.notes())
