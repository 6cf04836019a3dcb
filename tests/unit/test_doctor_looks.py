"""Which looks at a host `doctor` takes, what it asks whom, and what `--fix` runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config, process, state
from envkit.checks import host
from envkit.cli import doctor_fix
from envkit.commands import doctor
from envkit.environment.project import Project
from envkit.model.report import Finding, Observation, Verdict
from envkit.model.state import State
from envkit.net import http
from envkit.observe import doctor as looking
from tests.unit.hosts import WELL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "told", "login"),
    [
        ("https://ada:hunter2@index.example.com/simple", "https://index.example.com/simple", "ada:hunter2"),
        ("https://a%40b:x%3Ay@[::1]:8443/simple", "https://[::1]:8443/simple", "a@b:x:y"),
        ("own=https://token@index.example.com", "https://index.example.com", "token:"),
        ("https://index.example.com/simple?token=hunter2", "https://index.example.com/simple", ""),
    ],
)
def test_a_login_in_an_address_is_sent_and_not_shown(
    url: str, told: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def ask(url: str, _proxies: object, *, timeout_s: float, login: str) -> http.Response:
        asked.append((url, login))
        return http.Response(200, {})

    monkeypatch.setattr(http, "send_head", ask)
    seen = looking._check_url(url, {})
    assert seen["url"] == told
    assert "hunter2" not in repr(seen)
    assert asked[0][0].startswith(told)
    assert asked[0][1] == login


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "nonsense", "http://[x"])
def test_an_address_of_another_kind_is_skipped(url: str) -> None:
    seen = looking._check_url(url, {})
    assert set(seen) == {"skipped"}
    assert url not in seen["skipped"]


def test_a_look_is_told_with_the_time_that_it_took_itself() -> None:
    assert looking._measure(lambda: {"a": 1}, clock=iter([5.0, 7.5]).__next__) == ({"a": 1}, 2.5)


def test_a_look_that_raises_is_told_like_any_other() -> None:
    def look() -> dict[str, Any]:
        raise OSError("gone")

    data, _ = looking._measure(look)
    assert data == {"error": {"type": "OSError", "message": "gone"}}


def test_no_folder_has_no_room() -> None:
    assert looking._free_mib("") is None
    assert looking._free_mib("/nowhere/at/all") is not None


def project_of(tmp_path: Path, text: str, approved: tuple[str, ...] | None) -> Project:
    at = "unix:///nowhere.sock"
    known = State("vision", str(tmp_path), port=8889, approved=approved) if approved is not None else None
    return Project(str(tmp_path), config.load(text), at, state.directory(at, str(tmp_path)), known)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Return what the looks were asked for; the first time a folder is open to others."""
    asked: list[dict[str, Any]] = []

    def looks(**given: Any) -> tuple[tuple[Observation, ...], None]:
        asked.append(given)
        changed: dict[str, dict[str, Any]] = {"host.machine": {"programs": {"rsync": False}}}
        if len(asked) == 1:
            changed["host.state"] = {"mode": 0o755}
        return tuple(Observation(what, {**data, **changed.get(what, {})}) for what, data in WELL.items()), None

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(looking, "inspect_host", looks)
    return asked


OWN = "build:\n  mirror: https://mirror.example.com/debian\n  index: https://index.example.com/simple\n"


def test_a_host_that_only_a_config_names_is_not_asked_before_that_was_approved(
    taken: list[dict[str, Any]], tmp_path: Path
) -> None:
    doctor.doctor(project_of(tmp_path, OWN, None), gpu=False)
    doctor.doctor(project_of(tmp_path, OWN, ()), gpu=False)
    doctor.doctor(project_of(tmp_path, "", None), gpu=False)
    assert [sorted(one["skip_reasons"]) for one in taken] == [["host.index", "host.mirror"], [], []]


@pytest.mark.parametrize(
    ("base", "unasked", "spare"),
    [
        ("auto", [], True),
        ("official", [], False),
        ("debian", ["host.registry"], False),
        ("team/image:1", ["host.registry"], False),
    ],
)
def test_a_registry_is_asked_where_the_base_is_an_official_image(
    base: str,
    unasked: list[str],
    spare: bool,
    taken: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    doctor.doctor(project_of(tmp_path, f"base: {base}\n", ()), gpu=False)
    assert [(sorted(one["skip_reasons"]), one["has_fallback"]) for one in taken] == [(unasked, spare)]


def test_no_port_is_looked_at_where_none_is_wanted(taken: list[dict[str, Any]], tmp_path: Path) -> None:
    doctor.doctor(project_of(tmp_path, "base: debian\njupyter: {socket: true}\n", ()), gpu=False)
    assert sorted(taken[0]["skip_reasons"]) == ["host.port", "host.registry"]
    (found,) = [one for one in host.check([Observation("host.port", {"skipped": "none"})]) if one.check == "host/port"]
    assert found.status is Verdict.SKIPPED


def test_fixed_is_what_passes_afterwards(taken: list[dict[str, Any]], tmp_path: Path) -> None:
    report = doctor.doctor(project_of(tmp_path, "", None), gpu=False, fix=lambda one: host.FIX in one.data)
    assert report.result.fixed == ("host/state",)  # rsync is still not there, whatever the command said


@pytest.mark.parametrize(("uid", "runs"), [(0, ["apt-get", "install"]), (1000, ["sudo", "apt-get", "install"])])
def test_root_needs_no_sudo_and_what_a_hint_prints_is_no_report(
    uid: int, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[list[str], bool]] = []

    def call(words: list[str], *, to_stderr: bool) -> int:
        ran.append((words, to_stderr))
        return 0

    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(process, "call", call)
    data = {host.FIX: ["sudo", "apt-get", "install"], host.SAFE: True}
    assert doctor_fix.apply_fix(Finding("host/x", Verdict.FAILED, "", data=data))
    assert ran == [(runs, True)]


def test_a_hint_that_cannot_be_started_loses_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("host/x", Verdict.FAILED, "", data={host.FIX: ["/no/such/program"], host.SAFE: True})
    assert doctor_fix.apply_fix(finding) is False
    assert "/no/such/program" in capsys.readouterr().err


def test_a_hint_prints_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    assert process.call(["echo", "hello"], to_stderr=True) == 0
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "hello\n")


@pytest.mark.parametrize("check", ["port", "state"])
@pytest.mark.parametrize("data", [{"late": True}, {"error": {"type": "OSError", "message": "no"}}])
def test_a_look_that_failed_is_no_pass(check: str, data: dict[str, Any]) -> None:
    found = {one.check: one for one in host.check([Observation(f"host.{check}", data)])}
    assert found[f"host/{check}"].status is Verdict.SKIPPED
    assert not [one for one in host.check([]) if one.status is Verdict.PASSED]
