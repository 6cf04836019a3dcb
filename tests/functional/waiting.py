"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_S = 0.05


def wait_until(true: Callable[[], object], what: str, *, timeout_s: float = 60) -> None:
    """Look again and again until a condition holds; the test fails when the time is up."""
    until = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until:
            pytest.fail(f"{timeout_s:.0f} s passed, and it is not so that {what}", pytrace=False)
        time.sleep(PAUSE_S)
