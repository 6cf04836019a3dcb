"""`up --dry-run` foretells what `up` would refuse, and saves nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import checks, host, state
from envkit.backends.docker import client
from envkit.commands import render
from envkit.environment import project
from envkit.environment.planning import PlanningResult
from envkit.environment.remote import transfer
from envkit.errors import EngineUnavailable, ExitCode, GpuUnusable, PreconditionError
from envkit.fs import files
from envkit.model.engine_state import ActualState
from envkit.model.facts import EngineFacts
from envkit.model.plan import Access
from envkit.model.report import Finding, Verdict
from envkit.model.run import Gpus
from envkit.model.state import State
from tests.unit.worlds import wanted

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = EngineFacts("", "20.10.24", host.machine(), rootless=False, userns=False, gpu_methods=())
ENTRY = "the content of /home/ada/.wandb can be read as the secret WANDB"


class Scene:
    """A project, and a plan that the next dry run finds."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project.load(folder, {})
        self.plan: dict[str, Any] = {}
        self.engine = ENGINE
        self.seen: list[State | None] = []
        monkeypatch.setattr(client, "connect", lambda _: None)
        monkeypatch.setattr(client, "facts", lambda _: self.engine)
        monkeypatch.setattr(render, "plan_environment", self.survey)

    def survey(self, _: object, __: object, remembered: State | None) -> PlanningResult:
        self.seen.append(remembered)
        want = wanted()
        facts: Any = SimpleNamespace(gpu=None, remote_volumes_dir="")
        return PlanningResult(replace(want, plan=replace(want.plan, **self.plan)), (), facts, ActualState())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "vision").mkdir()
    return Scene(tmp_path / "vision", monkeypatch)


def test_an_engine_that_up_refuses_is_refused(scene: Scene) -> None:
    scene.engine = replace(ENGINE, rootless=True)
    with pytest.raises(PreconditionError, match="runs without root"):
        render.dry_run(scene.project)


def test_an_engine_that_does_not_answer_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(at: str) -> None:
        raise EngineUnavailable(at)

    monkeypatch.setattr(client, "connect", silent)
    with pytest.raises(EngineUnavailable):
        render.dry_run(scene.project)


def test_a_gpu_that_up_cannot_use_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding("gpu/driver", Verdict.FAILED, "no NVIDIA driver is loaded", hint="install one", layer="host")
    monkeypatch.setattr(checks, "gpu_preflight", lambda *_: finding)
    assert render.dry_run(scene.project).exit_code == ExitCode.OK
    scene.plan = {"gpu_required": True, "run": replace(wanted().plan.run, gpus=Gpus("hook", ("all",)))}
    with pytest.raises(GpuUnusable, match="no NVIDIA driver"):
        render.dry_run(scene.project)


@pytest.mark.parametrize(
    ("approved", "yes", "asks", "code"),
    [
        (None, False, (ENTRY,), ExitCode.USAGE),
        (None, True, (ENTRY,), ExitCode.OK),
        ((ENTRY,), False, (), ExitCode.OK),
    ],
)
def test_access_that_nobody_agreed_to_is_shown_and_ends_as_up_would(
    scene: Scene, approved: tuple[str, ...] | None, yes: bool, asks: tuple[str, ...], code: ExitCode
) -> None:
    scene.plan = {"access": Access((ENTRY,))}
    remembered = State("vision", scene.project.folder, approved=approved)
    report = render.dry_run(replace(scene.project, state=remembered), yes=yes)
    assert (report.result.approvals, report.exit_code) == (asks, code)
    assert report.result.steps
    assert not scene.project.state_dir.folder.exists()


@pytest.mark.parametrize(("endpoint", "url"), [("unix:///x", "http://127.0.0.1:8888/lab"), ("ssh://far", "")])
def test_the_notes_of_up_and_where_it_would_answer_are_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, endpoint: str, url: str
) -> None:
    monkeypatch.setattr(transfer, "find_tools", lambda: None)
    scene.plan = {"notes": ("limits.cpus: capped",)}
    result = render.dry_run(replace(scene.project, endpoint=endpoint)).result
    assert (result.notes, result.url, result.ssh_port) == (("limits.cpus: capped",), url, 0)


def test_what_is_to_be_chosen_anew_is(scene: Scene) -> None:
    remembered = State("vision", scene.project.folder, port=8899, choices={"base": "debian"})
    known = replace(scene.project, state=remembered)
    render.dry_run(known)
    render.dry_run(known, refresh=True)
    kept, fresh = scene.seen
    assert kept == remembered
    assert fresh is not None
    assert fresh.port == 0


def test_a_state_folder_that_is_open_to_others_is_refused(scene: Scene) -> None:
    state.save(scene.project.state_dir, State("vision", scene.project.folder))
    files.ensure_private_folder(scene.project.state_dir.folder).chmod(0o755)
    with pytest.raises(PreconditionError, match="not private"):
        render.dry_run(scene.project)
