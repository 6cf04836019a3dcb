"""Several images tried at once: what befalls one, or interrupts all, and what an earlier run wrote."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from envkit import concurrency
from envkit.backends.docker import client as connecting
from envkit.backends.docker import endpoint, temporary
from envkit.backends.docker.client import Engine
from envkit.backends.docker.sdk_errors import GpuRefused
from envkit.cli.output.reports import ReportFiles
from envkit.commands import smoke
from envkit.concurrency import submit
from envkit.errors import EngineUnavailable, ExitCode, StartFailed
from envkit.model.facts import EngineFacts
from envkit.model.report import CheckHost, Observation, Report, Verdict
from envkit.report.junit import to_junit

if TYPE_CHECKING:
    from pathlib import Path

FACTS = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_methods=())


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Engine]:
    """Return the engines that were connected to."""
    made: list[Engine] = []

    def connect(at: str) -> Engine:
        made.append(Engine(at, object()))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(connecting, "connect", connect)
    monkeypatch.setattr(connecting, "facts", lambda _: FACTS)
    monkeypatch.setattr(temporary, "remove_abandoned", lambda *_: [])
    monkeypatch.setattr(temporary, "remove_by_prefix", lambda *_: [])
    return made


def smoked(*subjects: str, expect: Any = "any", jobs: int = 2) -> Report[smoke.SmokeResult]:
    return smoke.smoke(subjects, expect=expect, jobs=jobs, limit_s=5, on_progress=lambda _: None)


@pytest.mark.parametrize(
    ("error", "expect", "code"),
    [
        (EngineUnavailable("gone"), "any", ExitCode.ENGINE),
        (GpuRefused("no GPU", hint="m"), "any", ExitCode.ENGINE),
        (GpuRefused("no GPU", hint="m"), "gpu", ExitCode.GPU),
        (StartFailed("it is not here"), "any", ExitCode.ENGINE),
    ],
)
def test_what_befalls_one_image_takes_nothing_from_the_others(
    error: Exception, expect: str, code: ExitCode, engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def observed(engine: Engine, subject: str, *_: Any) -> tuple[Observation, ...]:
        if subject == "bad:1":
            raise error
        return ()

    monkeypatch.setattr(smoke, "_observe", observed)
    report = smoked("bad:1", "good:1", expect=expect)
    bad, good = report.result.results
    assert (bad.exit_code, report.exit_code) == (code, code)
    assert [(one.check, one.status) for one in bad.findings] == [("image/runs", Verdict.FAILED)]
    assert [one.check for one in good.findings] == ["image/python"]
    told = Report("smoke", bad.subject, None, bad.findings, bad.exit_code)
    suite = to_junit([told], created_at=datetime(2026, 11, 23, tzinfo=timezone.utc), check_host=CheckHost())
    assert 'failures="1"' in suite


def test_each_job_has_a_connection_of_its_own(engines: list[Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Engine] = []

    def observed(engine: Engine, *_: Any) -> tuple[Observation, ...]:
        used.append(engine)
        return ()

    monkeypatch.setattr(smoke, "_observe", observed)
    smoked("a:1", "b:1", "c:1")
    assert len({id(one) for one in used}) == 3


def test_an_interrupt_waits_for_no_job_and_takes_its_containers_away(
    engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    release, removed = threading.Event(), list[str]()

    def observed(*_: Any) -> tuple[Observation, ...]:
        release.wait(30)
        return ()

    def remove(_engine: Engine, _owner: int, beginning: str) -> None:
        removed.append(beginning)

    def interrupted(futures: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(smoke, "_observe", observed)
    monkeypatch.setattr(temporary, "remove_by_prefix", remove)
    monkeypatch.setattr(concurrency, "_results", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            smoked("a:1", "b:1")
        assert [title.startswith(f"envkit-{os.getuid()}-smoke.") for title in removed] == [True]
        assert not [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]
    finally:
        release.set()


def test_no_report_of_an_earlier_run_stays(tmp_path: Path) -> None:
    junit, link = tmp_path / "report.xml", tmp_path / "link.html"
    junit.write_text("old")
    (tmp_path / "page.html").write_text("old")
    link.symlink_to(tmp_path / "page.html")
    ReportFiles(junit, link).clear()
    assert not junit.exists()
    assert link.read_text() == ""
    ReportFiles(tmp_path / "none.xml", None).clear()


def test_titles_of_two_runs_differ() -> None:
    assert smoke._name_prefix(1000) != smoke._name_prefix(1000)


def test_work_beside_keeps_to_the_engine_of_the_command() -> None:
    with endpoint.override("unix:///chosen.sock"):
        assert submit(endpoint.current_endpoint).result(10) == "unix:///chosen.sock"
