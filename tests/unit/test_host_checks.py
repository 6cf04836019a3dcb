"""Judge the observations of a host: each fault has its hint, and the nearest healthy host passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envkit import catalog, checks, process
from envkit.checks import host
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Finding, Observation, Verdict
from envkit.observe import doctor as host_inspection
from tests.support.host_observations import HEALTHY, NOW

if TYPE_CHECKING:
    from pathlib import Path


def judge(**changes: dict[str, Any]) -> dict[str, Finding]:
    """Judge a healthy host with changed observations; both are keyed without `host.` and `host/`."""
    observations = [
        Observation(name, {**data, **changes.get(name.removeprefix("host."), {})}, 0.1)
        for name, data in HEALTHY.items()
    ]
    return {finding.check.removeprefix("host/"): finding for finding in host.check(observations)}


def test_a_healthy_host_passes_every_check() -> None:
    findings = judge()
    assert {finding.status for finding in findings.values()} == {Verdict.PASSED}
    assert all(finding.detail and not finding.hint for finding in findings.values())


# Check -> changed observations, status, part of the hint; and the changes of the nearest healthy host.
FAULTS: dict[str, tuple[dict[str, Any], Verdict, str, dict[str, Any]]] = {
    "engine": (
        {"engine": {"refused": {"message": "you may not use it", "detail": "a", "hint": "sudo usermod -aG docker me"}}},
        Verdict.FAILED,
        "usermod",
        {},
    ),
    "disk": ({"engine": {"free_mib": 4095}}, Verdict.FAILED, "envkit prune", {"engine": {"free_mib": 15 * 1024}}),
    "memory": ({"machine": {"memory_mib": 1000}}, Verdict.FAILED, "memory", {"machine": {"memory_mib": 3072}}),
    "programs": (
        {"machine": {"programs": {"ssh": False, "rsync": True}, "systems": ["fedora"]}},
        Verdict.WARNED,
        "sudo dnf install openssh-clients",
        {"machine": {"programs": {"ssh": True}}},
    ),
    "registry": (
        {"registry": {"why": "the registry cannot be reached", "hint": "check the engine's proxy"}},
        Verdict.WARNED,
        "proxy",
        {},
    ),
    "mirror": ({"mirror": {"status": 404}}, Verdict.WARNED, "build.mirror", {"mirror": {"status": 301}}),
    "index": (
        {"index": {"status": 0, "output": "certificate verify failed"}},
        Verdict.WARNED,
        "SSL_CERT_FILE",
        {"index": {"status": 200}},
    ),
    "clock": ({"mirror": {"now": NOW + 301}}, Verdict.WARNED, "timedatectl", {"mirror": {"now": NOW - 299}}),
    "apt": (
        {
            "apt": {
                "code": 100,
                "output": "E: Conflicting values set for option Signed-By regarding source "
                "https://nvidia.github.io/libnvidia-container/stable/deb/amd64/ /: /usr/share/keyrings/a.gpg != \n",
            }
        },
        Verdict.WARNED,
        "grep -rl nvidia.github.io",
        {"apt": {"output": "W: Target Packages is configured twice"}},
    ),
    "state": ({"state": {"mode": 0o750}}, Verdict.FAILED, "chmod 700", {"state": {"mode": None}}),
}


def test_base_auto_needs_no_registry() -> None:
    finding = judge(registry={"why": "it cannot be reached", "hint": "check its network", "spare": True})["registry"]
    assert finding.status is Verdict.WARNED
    assert finding.hint.startswith(host.DEBIAN_HINT)
    assert finding.hint.endswith("check its network")


@pytest.mark.proves("`doctor` names each missing part of the host, with the command that fixes it", "real")
def test_each_host_fault_has_its_hint() -> None:
    for check, (changes, status, hint, near_miss) in FAULTS.items():
        finding = judge(**changes)[check]
        assert finding.status is status, check
        assert hint in finding.hint, check
        assert judge(**near_miss)[check].status is Verdict.PASSED, check


# Row of the failure table -> options of two sources of one repository, and part of the hint.
APT_SOURCES = {
    "23 with two keys": ("[signed-by=/usr/share/keyrings/nvidia.gpg] ", "", "grep -rl nvidia.github.io"),
    "23 twice alike": ("", "", ""),
    "23 one cannot be read": ("", "[arch=", "sudo apt-get update"),
}


@pytest.mark.skipif(process.which("apt-get") is None, reason="no apt here")
def test_real_apt_detects_unreadable_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "parts"
    sources.mkdir()
    settings = f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{sources}";'
    (tmp_path / "apt.conf").write_text(settings)
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    for row, (*options, hint) in APT_SOURCES.items():
        for number, option in enumerate(options):
            text = f"deb {option}https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /\n"
            (sources / f"{number}.list").write_text(text)
        finding = judge(apt=dict(host_inspection._check_apt()))["apt"]
        assert (finding.status is Verdict.WARNED) == bool(hint), row
        assert hint in finding.hint, row


def test_low_disk_or_memory_warns_before_it_fails() -> None:
    assert judge(engine={"free_mib": 8 * 1024})["disk"].status is Verdict.WARNED
    assert judge(machine={"memory_mib": 2048})["memory"].status is Verdict.WARNED


def test_missing_observations_are_skipped_with_a_reason() -> None:
    findings = judge(engine={"free_mib": None}, machine={"memory_mib": None}, mirror={"date": "soon"})
    for check in ("disk", "memory", "clock"):
        assert findings[check].status is Verdict.SKIPPED, check
        assert findings[check].detail, check
    failed = judge(registry={"error": {"type": "EngineUnavailable", "message": "no"}})
    assert failed["registry"].status is Verdict.SKIPPED


def test_a_late_mirror_warns_and_a_late_engine_fails() -> None:
    findings = judge(mirror={"late": True}, engine={"late": True})
    assert (findings["mirror"].status, findings["engine"].status) == (Verdict.WARNED, Verdict.FAILED)


def test_a_hanging_engine_is_restarted_and_not_installed() -> None:
    finding = judge(engine={"late": True})["engine"]
    assert "it hangs" in finding.cause
    assert "systemctl restart docker" in finding.hint
    assert "install" not in finding.hint


def test_install_commands_fit_the_distribution() -> None:
    for systems, command in (
        (["ubuntu", "debian"], "sudo apt-get install openssh-client rsync"),
        (["rocky", "rhel", "fedora"], "sudo dnf install openssh-clients rsync"),
        (["arch"], "sudo pacman -S openssh rsync"),
        (["unknown"], "sudo apt-get install openssh-client rsync"),
    ):
        assert host.install_command(["ssh", "rsync"], systems) == command


def test_only_fixes_of_own_files_are_safe() -> None:
    safe = {check for check, (changes, *_) in FAULTS.items() if judge(**changes)[check].data.get(host.SAFE) is True}
    assert safe == {"state"}


def test_driver_and_engine_are_checked_before_a_pull() -> None:
    cases: tuple[tuple[str, tuple[str, ...], bool, str, Verdict], ...] = (
        ("535.54.03", ("hook",), True, "host/gpu", Verdict.PASSED),
        ("440.33", ("hook",), True, "gpu/driver-too-old", Verdict.FAILED),
        ("440.33", ("hook",), False, "gpu/driver-too-old", Verdict.SKIPPED),
        ("535.54.03", (), True, "gpu/engine-cannot", Verdict.FAILED),
    )
    for driver, gpu_methods, required, check, status in cases:
        engine = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_methods=gpu_methods)
        gpu = HostGpu(driver, devices=("0000:01:00.0",))
        (finding,) = checks.host_gpu(gpu, engine, catalog.release("2.9.0"), required=required)
        assert (finding.check, finding.status) == (check, status), driver
        assert checks.exit_code([finding]) is (ExitCode.GPU if status is Verdict.FAILED else ExitCode.OK), driver


def test_the_gpu_check_is_skipped_without_an_engine() -> None:
    gpu = HostGpu("535.54.03", devices=("0000:01:00.0",))
    (finding,) = checks.host_gpu(gpu, None, catalog.release("2.9.0"), required=True)
    assert (finding.check, finding.status) == ("host/gpu", Verdict.SKIPPED)


def test_a_taken_port_fails_only_if_configured() -> None:
    cases: tuple[tuple[dict[str, Any], Verdict, str], ...] = (
        ({"holder": "python (process 7)"}, Verdict.WARNED, ""),
        ({"holder": "python (process 7)", "named": True}, Verdict.FAILED, "jupyter.port"),
        ({"holder": "docker-proxy", "named": True, "ours": True}, Verdict.PASSED, ""),
    )
    for port, status, hint in cases:
        finding = judge(port=port)["port"]
        assert finding.status is status, port
        assert hint in finding.hint, port


def test_an_index_with_any_status_is_not_a_network_fault() -> None:
    for code, status, hint in (
        (405, Verdict.PASSED, ""),
        (302, Verdict.PASSED, ""),
        (404, Verdict.PASSED, ""),
        (401, Verdict.WARNED, "build.netrc"),
        (407, Verdict.WARNED, "https_proxy"),
        (403, Verdict.WARNED, "build.netrc"),
        (503, Verdict.WARNED, "again"),
    ):
        finding = judge(index={"status": code})["index"]
        assert finding.status is status, code
        assert hint in finding.hint, code
        assert "network" not in finding.cause, code


def test_an_unapproved_index_is_skipped_with_its_reason() -> None:
    finding = judge(index={"skipped": "it has not been approved"})["index"]
    assert (finding.status, finding.detail) == (Verdict.SKIPPED, "it has not been approved")


def test_only_start_commands_become_a_fix() -> None:
    for hint, fixable in (
        ("sudo systemctl start docker", True),
        ('sudo usermod -aG docker "$USER"', False),
        ("sudo apt-get install docker.io, then sudo systemctl start docker", False),
    ):
        finding = judge(engine={"refused": {"message": "no", "detail": "", "hint": hint}})["engine"]
        assert (host.FIX in finding.data) is fixable, hint
