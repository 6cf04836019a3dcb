"""What is kept from all unit tests: the wait for a disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def _no_disk_to_wait_for() -> Iterator[None]:
    """What a power cut leaves is shown by no test here, and the thousand waits for it take longer than all else."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: None)
        yield
