"""`token`: the JupyterLab token of an environment, for its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import credentials, state
from envkit.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def rotate(environment: Environment, on_wait: Callable[[], None]) -> None:
    """Remove the JupyterLab token, so that the next `up` replaces it.

    Args:
        environment: Environment whose token is removed; its server accepts it until the next `up`.
        on_wait: Callback before waiting for another command.

    Raises:
        PreconditionError: The environment has no token yet.
    """
    with state.locked(environment.state_dir, on_wait):
        token(environment)
        credentials.remove_token(environment.state_dir)
