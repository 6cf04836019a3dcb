"""Parallel `smoke` tests: a failure of one, an interrupt, and reports of an earlier run."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from envkit import backends, concurrency
from envkit.backends import endpoint
from envkit.cli.output.reports import ReportFiles
from envkit.commands import smoke
from envkit.concurrency import submit
from envkit.errors import EngineUnavailable, ExitCode, GpuRefused, StartFailed
from envkit.model.report import CheckHost, Observation, Report, Verdict
from envkit.model.run import Gpus
from envkit.report.junit import to_junit
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def _connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Connect to a new fake backend each time."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(backends, "connect", lambda endpoint: FakeBackend(endpoint=endpoint))


def run_smoke(*subjects: str, expect: Any = "any", jobs: int = 2) -> Report[smoke.SmokeResult]:
    return smoke.smoke(subjects, expect=expect, jobs=jobs, limit_s=5, on_progress=lambda _: None)


@pytest.mark.usefixtures("_connection")
def test_failure_of_one_image_does_not_affect_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, expect, code in (
        (EngineUnavailable("no answer", code="engine-unavailable"), "any", ExitCode.ENGINE),
        (GpuRefused("no GPU", code="gpu-refused", hint="h"), "any", ExitCode.ENGINE),
        (GpuRefused("no GPU", code="gpu-refused", hint="h"), "gpu", ExitCode.GPU),
        (StartFailed("the image is missing", code="container-start-failed"), "any", ExitCode.ENGINE),
    ):
        case = (type(error).__name__, expect)

        def observe(_: FakeBackend, subject: str, *__: Any, error: Exception = error) -> tuple[Observation, ...]:
            if subject == "bad:1":
                raise error
            return ()

        monkeypatch.setattr(smoke, "_observe", observe)
        report = run_smoke("bad:1", "good:1", expect=expect)
        bad, good = report.result.results
        assert (bad.exit_code, report.exit_code) == (code, code), case
        assert [(finding.check, finding.status) for finding in bad.findings] == [("image/runs", Verdict.FAILED)], case
        assert [finding.check for finding in good.findings] == ["image/python"], case
        bad_report = Report("smoke", bad.subject, None, bad.findings, bad.exit_code)
        created_at = datetime(2026, 11, 23, tzinfo=timezone.utc)
        assert 'failures="1"' in to_junit([bad_report], created_at=created_at, check_host=CheckHost()), case


@pytest.mark.usefixtures("_connection")
def test_an_optional_gpu_that_the_engine_refuses_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[object] = []

    def observe(*arguments: Any) -> tuple[Observation, ...]:
        requests.append(gpus := arguments[5])
        if gpus:
            raise GpuRefused("the toolkit is broken", code="gpu-refused", hint="repair it")
        return (Observation("begin", {"look": "python"}), Observation("done", {}))

    monkeypatch.setattr(smoke, "_observe", observe)
    monkeypatch.setattr(smoke, "_select_gpus", lambda *_: Gpus("hook", ("all",)))
    findings = {finding.check: finding for finding in run_smoke("a:1").findings}
    assert requests == [Gpus("hook", ("all",)), None]
    assert findings["gpu/engine-cannot"].status is Verdict.SKIPPED
    assert "the toolkit is broken; repair it" in findings["gpu/engine-cannot"].detail
    assert run_smoke("a:1", expect="gpu").exit_code is ExitCode.GPU


@pytest.mark.usefixtures("_connection")
def test_each_job_has_its_own_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    used_backends: list[FakeBackend] = []

    def observe(backend: FakeBackend, *_: Any) -> tuple[Observation, ...]:
        used_backends.append(backend)
        return ()

    monkeypatch.setattr(smoke, "_observe", observe)
    run_smoke("a:1", "b:1", "c:1")
    assert len({id(backend) for backend in used_backends}) == 3


@pytest.mark.usefixtures("_connection")
def test_interrupt_waits_for_no_job_and_removes_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    release, removed_prefixes = threading.Event(), list[str]()

    def observe(*_: Any) -> tuple[Observation, ...]:
        release.wait(30)
        return ()

    def remove_by_prefix(_backend: FakeBackend, _owner: int, prefix: str) -> None:
        removed_prefixes.append(prefix)

    def interrupt(_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(smoke, "_observe", observe)
    monkeypatch.setattr(FakeBackend, "remove_by_prefix", remove_by_prefix)
    monkeypatch.setattr(concurrency, "_results", interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_smoke("a:1", "b:1")
        (prefix,) = removed_prefixes
        assert prefix.startswith(f"envkit-{os.getuid()}-smoke.")
        other_threads = set(threading.enumerate()) - {threading.main_thread()}
        assert all(thread.daemon for thread in other_threads)
    finally:
        release.set()


def test_reports_of_an_earlier_run_are_cleared(tmp_path: Path) -> None:
    junit, link = tmp_path / "report.xml", tmp_path / "link.html"
    junit.write_text("old")
    (tmp_path / "page.html").write_text("old")
    link.symlink_to(tmp_path / "page.html")
    ReportFiles(junit, link).clear()
    assert not junit.exists()
    assert link.read_text() == ""
    ReportFiles(tmp_path / "missing.xml", None).clear()


def test_container_names_of_two_runs_differ() -> None:
    assert smoke._name_prefix(1000) != smoke._name_prefix(1000)


def test_background_work_uses_the_engine_of_the_command() -> None:
    with endpoint.override("unix:///chosen.sock"):
        assert submit(endpoint.current_endpoint).result(10) == "unix:///chosen.sock"
