"""Which probes `doctor` runs on a host, which servers it contacts, and what `--fix` runs."""

from __future__ import annotations

import os
from itertools import product
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
from envkit.observe import doctor as doctor_probes
from tests.support.host_observations import HEALTHY

if TYPE_CHECKING:
    from pathlib import Path


def test_a_login_in_a_url_is_sent_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = (
        ("https://ada:hunter2@index.example.com/simple", "https://index.example.com/simple", "ada:hunter2"),
        ("https://a%40b:x%3Ay@[::1]:8443/simple", "https://[::1]:8443/simple", "a@b:x:y"),
        ("https://token@index.example.com", "https://index.example.com", "token:"),
        ("https://index.example.com/simple?token=hunter2", "https://index.example.com/simple", ""),
    )
    requests: list[tuple[str, str]] = []

    def send_head(url: str, _proxies: object, *, timeout_s: float, login: str) -> http.Response:
        requests.append((url, login))
        return http.Response(200, {})

    monkeypatch.setattr(http, "send_head", send_head)
    for url, shown, login in cases:
        requests.clear()
        result = doctor_probes._check_url(url, {})
        assert result["url"] == shown, url
        assert "hunter2" not in repr(result), url
        assert requests[0][0].startswith(shown), url
        assert requests[0][1] == login, url


def test_a_url_that_is_not_http_is_skipped() -> None:
    for url in ("file:///etc/passwd", "ftp://x/y", "nonsense", "http://[x"):
        result = doctor_probes._check_url(url, {})
        assert set(result) == {"skipped"}, url
        assert url not in result["skipped"], url


def test_a_probe_is_reported_with_its_own_duration() -> None:
    assert doctor_probes._measure(lambda: {"a": 1}, clock=iter([5.0, 7.5]).__next__) == ({"a": 1}, 2.5)


def test_a_probe_that_raises_is_an_observation() -> None:
    def probe() -> dict[str, Any]:
        raise OSError("gone")

    data, _ = doctor_probes._measure(probe)
    assert data == {"error": {"type": "OSError", "message": "gone"}}


def test_free_space_needs_a_folder() -> None:
    assert doctor_probes._free_mib("") is None
    assert doctor_probes._free_mib("/nowhere/at/all") is not None


def project_of(tmp_path: Path, text: str, approved: tuple[str, ...] | None) -> Project:
    endpoint = "unix:///nowhere.sock"
    saved_state = State("vision", str(tmp_path), port=8889, approved=approved) if approved is not None else None
    return Project(str(tmp_path), config.load(text), endpoint, state.directory(endpoint, str(tmp_path)), saved_state)


@pytest.fixture
def probe_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Replace the probes, and return their arguments; in the first run a folder is open to other users."""
    calls: list[dict[str, Any]] = []

    def inspect_host(**arguments: Any) -> tuple[tuple[Observation, ...], None]:
        calls.append(arguments)
        changes: dict[str, dict[str, Any]] = {"host.machine": {"programs": {"rsync": False}}}
        if len(calls) == 1:
            changes["host.state"] = {"mode": 0o755}
        return tuple(Observation(name, {**data, **changes.get(name, {})}) for name, data in HEALTHY.items()), None

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(doctor_probes, "inspect_host", inspect_host)
    return calls


OWN_SERVERS = "build:\n  mirror: https://mirror.example.com/debian\n  index: https://index.example.com/simple\n"


def test_a_host_from_the_config_is_contacted_once_approved(
    probe_arguments: list[dict[str, Any]], tmp_path: Path
) -> None:
    doctor.doctor(project_of(tmp_path, OWN_SERVERS, None), gpu=False)
    doctor.doctor(project_of(tmp_path, OWN_SERVERS, ()), gpu=False)
    doctor.doctor(project_of(tmp_path, "", None), gpu=False)
    assert [sorted(call["skip_reasons"]) for call in probe_arguments] == [["host.index", "host.mirror"], [], []]


def test_the_registry_is_checked_for_official_images(probe_arguments: list[dict[str, Any]], tmp_path: Path) -> None:
    cases: tuple[tuple[str, list[str], bool], ...] = (
        ("auto", [], True),
        ("official", [], False),
        ("debian", ["host.registry"], False),
        ("team/image:1", ["host.registry"], False),
    )
    for base, skipped, has_fallback in cases:
        probe_arguments.clear()
        doctor.doctor(project_of(tmp_path, f"base: {base}\n", ()), gpu=False)
        assert [(sorted(call["skip_reasons"]), call["has_fallback"]) for call in probe_arguments] == [
            (skipped, has_fallback)
        ], base


def test_no_port_is_checked_for_a_socket(probe_arguments: list[dict[str, Any]], tmp_path: Path) -> None:
    doctor.doctor(project_of(tmp_path, "base: debian\njupyter: {socket: true}\n", ()), gpu=False)
    assert sorted(probe_arguments[0]["skip_reasons"]) == ["host.port", "host.registry"]
    findings = {finding.check: finding for finding in host.check([Observation("host.port", {"skipped": "none"})])}
    assert findings["host/port"].status is Verdict.SKIPPED


def test_only_checks_that_pass_afterwards_are_fixed(probe_arguments: list[dict[str, Any]], tmp_path: Path) -> None:
    report = doctor.doctor(project_of(tmp_path, "", None), gpu=False, fix=lambda finding: host.FIX in finding.data)
    assert report.result.fixed == ("host/state",)  # rsync is still missing, although its fix succeeded


def test_a_fix_runs_without_sudo_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[list[str], bool]] = []

    def call(argv: list[str], *, to_stderr: bool) -> int:
        commands.append((argv, to_stderr))
        return 0

    monkeypatch.setattr(process, "call", call)
    data = {host.FIX: ["sudo", "apt-get", "install"], host.SAFE: True}
    for uid, expected in ((0, ["apt-get", "install"]), (1000, ["sudo", "apt-get", "install"])):
        commands.clear()
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        assert doctor_fix.apply_fix(Finding("host/x", Verdict.FAILED, "", data=data))
        assert commands == [(expected, True)], uid


def test_a_fix_that_cannot_start_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding("host/x", Verdict.FAILED, "", data={host.FIX: ["/no/such/program"], host.SAFE: True})
    assert doctor_fix.apply_fix(finding) is False
    assert "/no/such/program" in capsys.readouterr().err


def test_a_fix_prints_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    assert process.call(["echo", "hello"], to_stderr=True) == 0
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "hello\n")


def test_a_failed_probe_is_not_a_pass() -> None:
    failures: tuple[dict[str, Any], ...] = ({"late": True}, {"error": {"type": "OSError", "message": "no"}})
    for check, data in product(("port", "state"), failures):
        findings = {finding.check: finding for finding in host.check([Observation(f"host.{check}", data)])}
        assert findings[f"host/{check}"].status is Verdict.SKIPPED, (check, data)
    assert not [finding for finding in host.check([]) if finding.status is Verdict.PASSED]
