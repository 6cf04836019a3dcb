"""Wait for a condition instead of a fixed time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_S = 0.05


def wait_until(condition: Callable[[], object], description: str, *, timeout_s: float = 60) -> None:
    """Poll until a condition holds; fail the test after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{timeout_s:.0f} s passed before {description}", pytrace=False)
        time.sleep(PAUSE_S)
