"""A followed log ends with its container; the end of a broken connection is an error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit.backends.docker import containers
from envkit.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNING, RESTARTED = {"Running": True, "StartedAt": "1"}, {"Running": True, "StartedAt": "2"}
EXITED = {"Running": False, "StartedAt": "1"}


def follow(*states: dict[str, Any]) -> list[bytes]:
    """Follow the log of a container that has these states before and after it."""
    remaining: Iterator[dict[str, Any]] = iter(states)
    api = SimpleNamespace(
        timeout=60,
        logs=lambda *_, **__: iter([b"line\n"]),
        inspect_container=lambda _: {"State": next(remaining)},
    )
    engine: Any = SimpleNamespace(api=api)
    return list(containers.logs(engine, "c", follow=True))


def test_log_ends_with_its_container() -> None:
    for states in ((RUNNING, EXITED), (RUNNING, RESTARTED), (EXITED, EXITED)):
        assert follow(*states) == [b"line\n"], states


def test_broken_connection_is_an_error() -> None:
    with pytest.raises(EngineUnavailable, match="lost the connection to the engine while following the log of c"):
        follow(RUNNING, RUNNING)
