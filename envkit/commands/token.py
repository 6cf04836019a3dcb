"""`token`: the JupyterLab token of an environment, for its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import credentials
from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from envkit.environment.project import Environment


def token(environment: Environment) -> str:
    """Return the JupyterLab token.

    Raises:
        PreconditionError: The environment has no token yet.
    """
    secret = credentials.token(environment.state_dir)
    if not secret:
        raise PreconditionError(
            f"the environment {environment.name} has no token yet", code="environment-incomplete", hint=environment.hint
        )
    return secret
