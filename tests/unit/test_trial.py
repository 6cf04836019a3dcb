# ruff: noqa: ARG002 - a stand-in takes what the engine's API takes
"""One run in an image: each way in which it may not end well is told as what it is."""

from __future__ import annotations

import os
import socket
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import docker.errors
import pytest
import requests
import urllib3.exceptions

from envkit import names
from envkit.cli.printing import Files
from envkit.commands import smoke
from envkit.engines import connect as connecting
from envkit.engines import endpoint, leftovers, trial
from envkit.engines.connect import Engine
from envkit.engines.failure import GpuRefused
from envkit.errors import EngineUnavailable, Exit, StartFailed
from envkit.model.facts import EngineFacts
from envkit.model.report import Observation, Report, Verdict
from envkit.observe.aside import begun
from envkit.report.junit import to_junit

if TYPE_CHECKING:
    from pathlib import Path

RUNC = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed:"
HOOK = (
    f"{RUNC} error running hook #0: exit status 1, stderr: nvidia-container-cli: initialization error: load library "
    "failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown"
)
OLD = "OCI runtime create failed: container_linux.go:380: starting container process caused:"


class Api:
    """A stand-in for the engine: a container that starts, says something and ends."""

    def __init__(
        self, start: Exception | None = None, wait: Exception | None = None, *, hangs_up: bool = False
    ) -> None:
        self.start_error, self.wait_error, self.hangs_up = start, wait, hangs_up
        self.removed: list[str] = []
        self.ours, self.its = socket.socketpair()
        self.asked: dict[str, Any] = {}

    def create_host_config(self, **settings: Any) -> dict[str, Any]:
        return settings

    def create_container(self, image: str, **settings: Any) -> dict[str, str]:
        self.asked = settings
        return {"Id": "made"}

    def attach_socket(self, container: str, params: dict[str, int]) -> socket.socket:
        return self.ours

    def start(self, container: str) -> None:
        if self.start_error:
            raise self.start_error
        self.its.close() if self.hangs_up else self.its.shutdown(socket.SHUT_WR)

    def wait(self, container: str, timeout: int) -> dict[str, int]:
        if self.wait_error:
            raise self.wait_error
        return {"StatusCode": 3}

    def inspect_container(self, container: str) -> dict[str, Any]:
        return {"State": {"OOMKilled": False}}

    def remove_container(self, container: str, **how: bool) -> None:
        self.removed.append(container)


def run(api: Api, text: str = "pass", program: str = "python", **more: str) -> trial.Ended:
    try:
        return trial.run(
            Engine("unix:///x", api), "i", (program, "-"), text, lambda _: None, name="n", labels={}, limit_s=5,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )
    finally:
        api.its.close()
        assert api.removed == ["made"]


def refused(text: str) -> docker.errors.APIError:
    return docker.errors.APIError("500 Server Error", explanation=text)


@pytest.mark.parametrize("said", [
    f'{RUNC} unable to start container process: exec: "python": executable file not found in $PATH: unknown',
    f'{OLD} exec: "python": executable file not found in $PATH: unknown',
    f'{RUNC} error during container init: exec: "python": executable file not found in $PATH: unknown',
    r'container_linux.go:349: starting container process caused "exec: \"python\": executable file not found in $PATH"',
    f'{OLD} exec: "python": stat python: no such file or directory: unknown',
])
def test_an_image_without_the_program_is_told_as_that(said: str) -> None:
    with pytest.raises(trial.NoProgram):
        run(Api(refused(said)))


@pytest.mark.parametrize(("said", "kind"), [
    (HOOK, GpuRefused),
    ('error gathering device information while adding custom device "/dev/nvidia0": no such file or directory',
     GpuRefused),
    (f'{OLD} exec: "nvidia-container-runtime-hook": executable file not found in $PATH', StartFailed),
    (f"{RUNC} rootfs_linux.go:76: mounting /x: no such file or directory", StartFailed),
    (f'{RUNC} exec: "python": permission denied: unknown', StartFailed),
])
def test_another_fault_of_the_start_is_not_a_missing_program(said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        run(Api(refused(said)))
    assert not isinstance(raised.value, trial.NoProgram)


def test_a_trial_is_on_no_network_unless_one_is_named_and_has_no_rights_on_any() -> None:
    alone, joined = Api(), Api()
    run(alone)
    run(joined, network="bridge")
    assert (alone.asked["network_disabled"], alone.asked["host_config"]["network_mode"]) == (True, "none")
    assert (joined.asked["network_disabled"], joined.asked["host_config"]["network_mode"]) == (False, "bridge")
    for one in (alone, joined):
        given = one.asked["host_config"]
        assert (given["cap_drop"], given["read_only"]) == (["ALL"], True)
        assert given["security_opt"] == ["no-new-privileges:true"]


READ_TIMED_OUT = urllib3.exceptions.ReadTimeoutError(None, "", "Read timed out.")  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [
    requests.exceptions.ReadTimeout("Read timed out."), requests.exceptions.ConnectionError(READ_TIMED_OUT),
])
def test_only_a_wait_that_took_too_long_is_one_that_took_too_long(late: Exception) -> None:
    assert run(Api(wait=late)).code is None


@pytest.mark.parametrize(("fault", "kind"), [
    (refused("no such container"), StartFailed), (requests.exceptions.ConnectionError("refused"), EngineUnavailable),
])
def test_a_fault_of_the_engine_is_the_engines(fault: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        run(Api(wait=fault))


def test_a_program_that_ends_before_it_read_everything_is_asked_for_its_code() -> None:
    assert run(Api(hangs_up=True), "x" * 10_000_000).code == 3


# Several of them.


FACTS = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_roads=())


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
    monkeypatch.setattr(leftovers, "sweep", lambda *_: [])
    monkeypatch.setattr(leftovers, "remove_named", lambda *_: [])
    return made


def smoked(*subjects: str, expect: Any = "any", jobs: int = 2) -> Report[smoke.Smoked]:
    return smoke.smoke(subjects, expect=expect, jobs=jobs, limit_s=5, say=lambda _: None)


@pytest.mark.parametrize(("error", "expect", "code"), [
    (EngineUnavailable("gone"), "any", Exit.ENGINE), (GpuRefused("no GPU", mend="m"), "any", Exit.ENGINE),
    (GpuRefused("no GPU", mend="m"), "gpu", Exit.GPU), (StartFailed("it is not here"), "any", Exit.ENGINE),
])
def test_what_befalls_one_image_takes_nothing_from_the_others(
    error: Exception, expect: str, code: Exit, engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def observed(engine: Engine, subject: str, *_: Any) -> tuple[Observation, ...]:
        if subject == "bad:1":
            raise error
        return ()

    monkeypatch.setattr(smoke, "_observed", observed)
    report = smoked("bad:1", "good:1", expect=expect)
    bad, good = report.result.tried
    assert (bad.exit_code, report.exit_code) == (code, code)
    assert [(one.check, one.status) for one in bad.findings] == [("image/runs", Verdict.FAILED)]
    assert [one.check for one in good.findings] == ["image/python"]
    told = Report("smoke", bad.subject, None, bad.findings, bad.exit_code)
    suite = to_junit([told], at=datetime(2026, 11, 23, tzinfo=timezone.utc))
    assert 'failures="1"' in suite


def test_each_job_has_a_connection_of_its_own(engines: list[Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Engine] = []

    def observed(engine: Engine, *_: Any) -> tuple[Observation, ...]:
        used.append(engine)
        return ()

    monkeypatch.setattr(smoke, "_observed", observed)
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

    monkeypatch.setattr(smoke, "_observed", observed)
    monkeypatch.setattr(leftovers, "remove_named", remove)
    monkeypatch.setattr(smoke, "_results", interrupted)
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
    Files(junit, link).clear()
    assert not junit.exists()
    assert link.read_text() == ""
    Files(tmp_path / "none.xml", None).clear()


# What is left of one that was killed.


class Held:
    """A stand-in for an engine with containers."""

    def __init__(self, **containers: dict[str, str]) -> None:
        self.held = {name.replace("__", "."): labels for name, labels in containers.items()}
        self.state = "running"

    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        return [{"Id": name, "Names": [f"/{name}"], "State": self.state, "Labels": labels}
                for name, labels in self.held.items()]

    def stop(self, container: str, timeout: int) -> None:
        """Do nothing."""

    def remove_container(self, container: str, **how: bool) -> None:
        del self.held[container]


def labels(*, pid: int = 0, namespace: str = "", left_s: float = 60) -> dict[str, str]:
    given = leftovers.waiting(left_s)
    at = namespace or given[names.WAITS].partition("@")[2]
    return {**given, names.WAITS: f"{pid or os.getpid()}@{at}"}


GONE = 2**22 + 1  # no process has such a number


@pytest.mark.parametrize(("of", "goes"), [
    (labels(), False), (labels(pid=GONE), True), (labels(pid=GONE, namespace="pid:[1]"), False),
    (labels(left_s=-1), True), (labels(namespace="pid:[1]", left_s=-1), True), ({}, False), ({names.UNTIL: "x"}, False),
])
def test_what_a_killed_test_left_is_found_again_and_what_runs_is_left_alone(of: dict[str, str], goes: bool) -> None:
    others = ("envkit-1000-vision", "envkit-1000-neighbour", "envkit-1001-neighbour__1__aa__0")
    ours = ("envkit-1000-smoke__1__aa__0", "envkit-1000-neighbour__1__aa__0")
    api = Held(**dict.fromkeys(ours, of), **{name: labels(left_s=-1) for name in others})
    removed = leftovers.sweep(Engine("unix:///x", api), 1000)  # type: ignore[arg-type]
    assert len(removed) == (len(ours) if goes else 0)
    assert {name.replace("__", ".") for name in others} <= api.held.keys()  # whatever labels its image gave it


def test_prune_leaves_a_test_alone_that_has_made_its_container_and_not_started_it() -> None:
    api = Held(**{"envkit-1000-smoke__1__aa__0": labels(), "envkit-1000-smoke__1__aa__1": labels(pid=GONE)})
    api.state = "created"
    removed = list(leftovers._containers(Engine("unix:///x", api), {}, 1000, set()))  # type: ignore[arg-type]
    assert removed == ["container envkit-1000-smoke.1.aa.1"]


def test_titles_of_two_runs_differ() -> None:
    assert smoke._title(1000) != smoke._title(1000)


def test_the_time_is_one_that_others_can_compare() -> None:
    assert abs(float(leftovers.waiting(60)[names.UNTIL]) - time.time() - 60) < 30


def test_work_beside_keeps_to_the_engine_of_the_command() -> None:
    with endpoint.using("unix:///chosen.sock"):
        assert begun(endpoint.endpoint).result(10) == "unix:///chosen.sock"
