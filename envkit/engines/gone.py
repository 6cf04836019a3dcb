"""The words for an engine that is gone. No SDK here: whoever does without it says the same."""

from __future__ import annotations

from envkit.errors import EngineUnavailable


def went_away(doing: str, seen: str) -> EngineUnavailable:
    """Return the error of an engine that is gone while `doing` something."""
    return EngineUnavailable(
        f"the engine went away while {doing}", tried=seen,
        mend="start it again (sudo systemctl start docker), then repeat the command",
    )
