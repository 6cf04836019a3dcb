"""`status` shows as proven what is, and nothing that was once or that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import names, state
from envkit.commands import status
from envkit.engines import connect, look
from envkit.engines.endpoint import DEFAULT
from envkit.model.found import FoundContainer
from envkit.model.plan import State

if TYPE_CHECKING:
    from pathlib import Path

FAILED = "ssh/login: the client was refused"


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(("verdict", "proven", "shown"), [
    ("TensorFlow 2.9.0 computes on the CPU", True, "TensorFlow 2.9.0 computes on the CPU"),
    ("TensorFlow 2.9.0 computes on the CPU", False, "not proven: TensorFlow 2.9.0 computes on the CPU"),
    (FAILED, False, f"not proven: {FAILED}"),
    ("", False, "not proven"),
])
def test_only_what_is_proven_is_shown_as_such(
    verdict: str, proven: bool, shown: str, running: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    state.save(state.place(DEFAULT, "/p"), State("vision", "/p", verdict=verdict, proven=proven))
    labels = names.labels(os.getuid(), "vision", "/p")
    found = [FoundContainer("c", "running", labels, "i", ())] if running else []
    monkeypatch.setattr(connect, "connect", lambda _: None)
    monkeypatch.setattr(look, "environments", lambda *_: found)
    monkeypatch.setattr(look, "image_sizes", lambda _: {})
    (row,) = status.status().result.rows
    assert (row.status, row.verdict) == ("running" if running else "down", shown)
