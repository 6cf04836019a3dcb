"""Rewrite Python source from standalone Keras to `tf.keras`.

LibCST parses the source. It is an optional dependency: only `load_transform` imports the modules that need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.errors import PreconditionError
from envkit.migrate.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.migrate.tf_api import Api

_INSTALL_HINT = (
    'in a checkout of envkit: make wheel && pipx install --force "$(ls dist/tf_envkit-*.whl)[migrate]"; '
    "or pip install 'tf-envkit[migrate]' in the Python environment of envkit"
)


def load_transform() -> Callable[[bytes, Api, frozenset[str]], Outcome]:
    """Import the modules that rewrite source, and return their entry point.

    Raises:
        PreconditionError: If LibCST is not installed.
    """
    try:
        from envkit.migrate.python import pipeline
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "libcst":
            raise
        raise PreconditionError(
            "`envkit migrate` needs the Python package libcst", code="libcst-missing", hint=_INSTALL_HINT
        ) from error
    return pipeline.transform


def migrate(content: bytes, api: Api, *, disabled_rules: frozenset[str] = frozenset()) -> Outcome:
    """Migrate a file of Python source.

    Args:
        content: The whole file.
        api: Names in the target release.
        disabled_rules: Ids of disabled rules.

    Raises:
        PreconditionError: If the file mentions Keras and LibCST is not installed.
    """
    if b"keras" not in content:
        return Outcome(content)
    return load_transform()(content, api, disabled_rules)
