"""`status` shows as proven what is, and nothing that was once or that failed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkit import naming, state
from envkit.backends.docker import client, endpoint, inspect
from envkit.commands import status
from envkit.errors import PreconditionError
from envkit.model.engine_state import ContainerInfo
from envkit.model.state import State
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FAILED = "ssh/login: the client was refused"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)


def known(folder: Path, remembered: State) -> dict[str, str]:
    """Remember an environment; return its labels."""
    state.save(state.directory(endpoint.current_endpoint(), str(folder)), remembered)
    return naming.labels(os.getuid(), remembered.name, remembered.project)


def holding(monkeypatch: pytest.MonkeyPatch, found: list[ContainerInfo]) -> None:
    """Let the engine hold these."""
    monkeypatch.setattr(client, "connect", lambda _: None)
    monkeypatch.setattr(inspect, "environment_containers", lambda *_: found)
    monkeypatch.setattr(inspect, "image_sizes", lambda _: {})


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(
    ("verdict", "proven", "shown"),
    [
        ("TensorFlow 2.9.0 computes on the CPU", True, "TensorFlow 2.9.0 computes on the CPU"),
        ("TensorFlow 2.9.0 computes on the CPU", False, "not proven: TensorFlow 2.9.0 computes on the CPU"),
        (FAILED, False, f"not proven: {FAILED}"),
        ("", False, "not proven"),
    ],
)
def test_only_what_is_proven_is_shown_as_such(
    verdict: str, proven: bool, shown: str, running: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = known(tmp_path, State("vision", str(tmp_path), verdict=verdict, proven=proven))
    holding(monkeypatch, [ContainerInfo("c", "running", project, "i", ())] if running else [])
    (row,) = status.status().result.rows
    assert (row.status, row.verdict) == ("running" if running else "down", shown)


def test_an_environment_whose_folder_is_gone_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(tmp_path, State("vision", str(tmp_path / "gone"), verdict="TensorFlow computes", proven=True))
    holding(monkeypatch, [])
    (row,) = status.status().result.rows
    assert (row.project, row.verdict) == (str(tmp_path / "gone"), "not proven: folder gone")
    assert row.hint == "envkit down --volumes --name vision"


@pytest.mark.parametrize("running", [True, False])
def test_the_way_out_is_on_the_engine_that_was_named(
    running: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint.override("ssh://far"):
        project = known(tmp_path, State("vision", str(tmp_path / "gone")))
        holding(monkeypatch, [ContainerInfo("c", "exited", project, "i", ())] if running else [])
        (row,) = status.status().result.rows
    assert row.hint == "envkit down --volumes --name vision --engine ssh://far"


def test_whose_folder_is_there_needs_no_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(tmp_path, State("vision", str(tmp_path)))
    holding(monkeypatch, [])
    assert [row.hint for row in status.status().result.rows] == [""]


def test_a_name_that_no_environment_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(tmp_path, State("vision", str(tmp_path)))
    holding(monkeypatch, [])
    with pytest.raises(PreconditionError, match="there is no environment 'nope'"):
        status.status(name="nope")
    assert [row.name for row in status.status(name="vision").result.rows] == ["vision"]


@pytest.mark.parametrize(("port", "url"), [("8890", "http://127.0.0.1:8890/lab"), ("", ""), ("@evil", ""), (None, "")])
def test_a_workspace_without_a_published_port_has_no_address(
    port: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = naming.labels(4711, "theirs", "/p") | ({} if port is None else {naming.PORT: port})
    holding(monkeypatch, [ContainerInfo("c", "running", labels, "i", ())])
    (row,) = status.status(all_users=True).result.rows
    assert row.url == url


def test_the_plain_list_loads_nothing_that_only_a_plan_needs() -> None:
    program = "import sys, envkit.commands.status; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"pydantic", "jinja2", "envkit.resolve", "envkit.checks"} & set(done.stdout.split())
