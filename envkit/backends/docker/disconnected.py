"""The words for an engine that is gone. No SDK here: whoever does without it says the same."""

from __future__ import annotations

from envkit.errors import EngineUnavailable


def connection_lost_error(action: str, detail: str) -> EngineUnavailable:
    """Return the error of an engine that is gone while `action` something."""
    return EngineUnavailable(
        f"the engine went away while {action}",
        detail=detail,
        hint="start it again (sudo systemctl start docker), then repeat the command",
    )
