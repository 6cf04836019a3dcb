"""`status` shows a verdict as proven only if the current environment passed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envkit import backends, naming, state
from envkit.backends import endpoint
from envkit.commands import status
from envkit.errors import PreconditionError
from envkit.model.engine_state import ContainerInfo
from envkit.model.state import State
from tests.conftest import ROOT
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)


def save_environment(folder: Path, saved_state: State) -> dict[str, str]:
    """Save the state of an environment; return its labels."""
    state.save(state.directory(endpoint.current_endpoint(), str(folder)), saved_state)
    return naming.labels(os.getuid(), saved_state.name, saved_state.project)


def set_containers(monkeypatch: pytest.MonkeyPatch, containers: list[ContainerInfo]) -> None:
    """Replace the engine by one with these containers."""
    backend = FakeBackend(containers={container.labels[naming.NAME]: container for container in containers})
    monkeypatch.setattr(backends, "connect", lambda _: backend)


def test_only_a_proven_verdict_is_shown_as_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computes, failed = "TensorFlow 2.9.0 computes on the CPU", "ssh/login: the client was refused"
    for verdict, proven, expected in (
        (computes, True, computes),
        (computes, False, f"not proven: {computes}"),
        (failed, False, f"not proven: {failed}"),
        ("", False, "not proven"),
    ):
        labels = save_environment(tmp_path, State("vision", str(tmp_path), verdict=verdict, proven=proven))
        for container_status, containers in (
            ("running", [ContainerInfo("c", "running", labels, "i", ())]),
            ("down", []),
        ):
            set_containers(monkeypatch, containers)
            (row,) = status.status().result.rows
            assert (row.status, row.verdict) == (container_status, expected), (verdict, proven)


def test_environment_with_a_missing_folder_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "missing"
    save_environment(tmp_path, State("vision", str(folder), verdict="TensorFlow computes", proven=True))
    set_containers(monkeypatch, [])
    (row,) = status.status().result.rows
    assert (row.project, row.verdict) == (str(folder), "not proven: folder missing")
    assert row.hint == "envkit down --name vision"


def test_hint_names_the_selected_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint.override("ssh://far"):
        labels = save_environment(tmp_path, State("vision", str(tmp_path / "missing")))
        for containers in ([ContainerInfo("c", "exited", labels, "i", ())], []):
            set_containers(monkeypatch, containers)
            (row,) = status.status().result.rows
            assert row.hint == "envkit down --name vision --engine ssh://far", containers


def test_existing_folder_needs_no_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_environment(tmp_path, State("vision", str(tmp_path)))
    set_containers(monkeypatch, [])
    assert [row.hint for row in status.status().result.rows] == [""]


def test_unknown_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_environment(tmp_path, State("vision", str(tmp_path)))
    set_containers(monkeypatch, [])
    with pytest.raises(PreconditionError, match="'unknown'") as error:
        status.status(name="unknown")
    assert error.value.code == "environment-not-found"
    assert [row.name for row in status.status(name="vision").result.rows] == ["vision"]


def test_address_needs_a_valid_published_port(monkeypatch: pytest.MonkeyPatch) -> None:
    for port, url in (("8890", "http://127.0.0.1:8890/lab"), ("", ""), ("@evil", ""), (None, "")):
        labels = naming.labels(4711, "other", "/p") | ({} if port is None else {naming.PORT: port})
        set_containers(monkeypatch, [ContainerInfo("c", "running", labels, "i", ())])
        (row,) = status.status(all_users=True).result.rows
        assert row.url == url, port


def test_status_loads_no_planning_modules() -> None:
    program = "import sys, envkit.commands.status; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"pydantic", "jinja2", "envkit.resolve", "envkit.checks"} & set(process.stdout.split())
