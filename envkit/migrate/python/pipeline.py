"""Migrate one Python file: parse it, find its uses of Keras, rewrite them, and add notes."""

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
    missing_imports,
    module_strings,
    parsed_file,
    removed_names,
    runtime_notes,
)
from envkit.migrate.python.edits import EditSet
from envkit.migrate.python.file_queries import FileQueries
from envkit.migrate.python.import_insertion import ImportInserter

if TYPE_CHECKING:
    from envkit.migrate.tf_api import Api


def transform(content: bytes, api: Api, disabled_rules: frozenset[str]) -> Outcome:
    """Migrate a file that mentions Keras."""
    try:
        text, encoding = parsed_file.decode(content)
        tree = parsed_file.parse_ast(text)
        may_use_keras = tree is None or bindings.may_import_keras(tree) or module_strings.mentions_module(text)
        if not may_use_keras:
            return Outcome(content)
        return transform_source(content, parsed_file.parse(text), encoding, api, disabled_rules)
    except RecursionError:
        nesting_error = parsed_file.NestingTooDeep()
        return Outcome(content, error=nesting_error.reason, hint=nesting_error.hint)
    except parsed_file.UnreadableSource as error:
        return Outcome(content, error=error.reason, hint=error.hint)


def transform_source(
    content: bytes,
    source: parsed_file.Source,
    encoding: str,
    api: Api,
    disabled_rules: frozenset[str] = frozenset(),
) -> Outcome:
    """Migrate a parsed file."""
    usage = bindings.find_usage(source, api)
    edits = EditSet(source, disabled_rules)
    module_strings.rewrite(FileQueries(edits, usage), api)
    if usage.bindings or usage.star_imports:
        imports.choose_targets(usage, api)
        merge_layer.plan_imports(source, usage)
        inserter = ImportInserter(edits, usage)
        missing = missing_imports.plan(source, usage)
        imports.rewrite(edits, usage, api, missing)
        attribute_chains.rewrite(edits, usage, api, inserter, missing.unused)
        calls.rewrite(edits, usage, api)
        backend.rewrite(edits, usage, inserter)
        methods.rewrite(edits, usage)
        duplicate_branches.add_notes(edits, usage)
        queries = FileQueries(edits, usage)
        removed_names.rewrite(queries)
        runtime_notes.add_notes(queries)
        behaviour_notes.add_notes(queries)
        lints.add_notes(queries)
    rewrites = edits.rewrites()
    return Outcome(edits.text().encode(encoding) if rewrites else content, rewrites, edits.notes())
