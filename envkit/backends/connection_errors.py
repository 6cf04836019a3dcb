"""Errors of a connection to an engine that breaks, stays silent or answers nonsense during an action."""

from __future__ import annotations

from envkit.errors import EngineUnavailable

SYSTEM_HINT = "start it again (sudo systemctl start docker), then repeat the command"


def connection_lost_error(action: str, detail: str) -> EngineUnavailable:
    """Return the error for an engine that closed the connection during an action, such as `building the image`."""
    return EngineUnavailable(
        f"lost the connection to the engine while {action}",
        code="engine-connection-lost",
        detail=detail,
        hint=_restart_hint(),
    )


def no_answer_error(action: str, timeout_s: str) -> EngineUnavailable:
    """Return the error for an engine that did not answer in time.

    Args:
        action: What was requested, such as `creating the container x`.
        timeout_s: Seconds that it had, or empty if unknown.
    """
    duration = f"within {timeout_s} s" if timeout_s else "in time"
    return EngineUnavailable(
        f"the engine did not answer {duration} while {action}",
        code="engine-no-answer",
        hint="it may still be working: repeat the command later; the engine's log and a full or slow disk show more",
    )


def invalid_answer_error(action: str, detail: str) -> EngineUnavailable:
    """Return the error for an answer that is not one of an engine."""
    return EngineUnavailable(
        f"the engine's answer is invalid while {action}",
        code="engine-answer-invalid",
        detail=detail,
        hint="check what listens at the endpoint, such as a proxy or another program; envkit doctor shows the endpoint",
    )


def _restart_hint() -> str:
    """Return how to start the selected engine, which may be another one than the system's."""
    from envkit.backends import endpoint

    try:
        choice = endpoint.choose()
    except EngineUnavailable:
        return SYSTEM_HINT
    if choice.address == endpoint.DEFAULT:
        return SYSTEM_HINT
    return f"start the engine at {choice.address} again, then repeat the command"
