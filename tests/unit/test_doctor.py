"""What the looks at a host amount to: each fault with its hint, and what is well beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import catalog, checks, process
from envkit.checks import host
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Finding, Observation, Verdict
from envkit.observe import doctor as looking
from tests.unit.hosts import NOW, WELL

if TYPE_CHECKING:
    from pathlib import Path


def judged(**changed: dict[str, Any]) -> dict[str, Finding]:
    """Judge a host where all is well but what is given, by the last word of its look."""
    seen = [
        Observation(what, {**data, **changed.get(what.removeprefix("host."), {})}, 0.1) for what, data in WELL.items()
    ]
    return {one.check.removeprefix("host/"): one for one in host.check(seen)}


def test_a_host_where_all_is_well_passes() -> None:
    found = judged()
    assert {one.status for one in found.values()} == {Verdict.PASSED}
    assert all(one.detail and not one.hint for one in found.values())


# Check: what is seen, how it comes out, part of the hint; and the nearest host where all is well.
FAULTS: dict[str, tuple[dict[str, Any], Verdict, str, dict[str, Any]]] = {
    "engine": (
        {"engine": {"refused": {"message": "you may not use it", "tried": "a", "hint": "sudo usermod -aG docker me"}}},
        Verdict.FAILED,
        "usermod",
        {},
    ),
    "disk": ({"engine": {"free_mib": 4095}}, Verdict.FAILED, "envkit prune", {"engine": {"free_mib": 15 * 1024}}),
    "memory": ({"machine": {"memory_mib": 1000}}, Verdict.FAILED, "memory", {"machine": {"memory_mib": 3072}}),
    "programs": (
        {"machine": {"programs": {"ssh": False, "rsync": True}, "systems": ["fedora"]}},
        Verdict.FAILED,
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
        {"index": {"status": 0, "said": "certificate verify failed"}},
        Verdict.WARNED,
        "SSL_CERT_FILE",
        {"index": {"status": 200}},
    ),
    "clock": ({"mirror": {"now": NOW + 301}}, Verdict.FAILED, "timedatectl", {"mirror": {"now": NOW - 299}}),
    "apt": (
        {
            "apt": {
                "code": 100,
                "said": "E: Conflicting values set for option Signed-By regarding source "
                "https://nvidia.github.io/libnvidia-container/stable/deb/amd64/ /: /usr/share/keyrings/a.gpg != \n",
            }
        },
        Verdict.WARNED,
        "grep -rl nvidia.github.io",
        {"apt": {"said": "W: Target Packages is configured twice"}},
    ),
    "state": ({"state": {"mode": 0o750}}, Verdict.FAILED, "chmod 700", {"state": {"mode": None}}),
}
WARNINGS = {"programs", "clock"}


def test_a_registry_that_base_auto_can_do_without_needs_no_hint() -> None:
    found = judged(registry={"why": "it cannot be reached", "hint": "check its network", "spare": True})["registry"]
    hint = "nothing needs mending, base: auto stands on Debian then; for TensorFlow's own image check its network"
    assert (found.status, found.hint) == (Verdict.WARNED, hint)


@pytest.mark.proves("`doctor` names what a host lacks, with the command that hints it", "real")
@pytest.mark.parametrize("check", FAULTS)
def test_a_fault_of_the_host_is_named_with_its_hint(check: str) -> None:
    given, status, hint, near = FAULTS[check]
    found = judged(**given)[check]
    assert found.status is (Verdict.WARNED if check in WARNINGS else status)
    assert hint in found.hint
    assert judged(**near)[check].status is Verdict.PASSED


# Two lists: the options of each, and the hint.
LISTS = {
    "23 with two keys": ("[signed-by=/usr/share/keyrings/nvidia.gpg] ", "", "grep -rl nvidia.github.io"),
    "23 twice alike": ("", "", ""),
    "23 one cannot be read": ("", "[arch=", "sudo apt-get update"),
}


@pytest.mark.skipif(process.which("apt-get") is None, reason="no apt here")
@pytest.mark.parametrize("lists", LISTS)
def test_apt_itself_is_asked_whether_it_can_read_its_lists(
    lists: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *options, hint = LISTS[lists]
    (tmp_path / "parts").mkdir()
    for number, option in enumerate(options):
        text = f"deb {option}https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /\n"
        (tmp_path / f"parts/{number}.list").write_text(text)
    settings = f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{tmp_path}/parts";'
    (tmp_path / "apt.conf").write_text(settings)
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    found = judged(apt=dict(looking._check_apt()))["apt"]
    assert (found.status is Verdict.WARNED) == bool(hint)
    assert hint in found.hint


def test_little_room_warns_before_it_fails() -> None:
    assert judged(engine={"free_mib": 8 * 1024})["disk"].status is Verdict.WARNED
    assert judged(machine={"memory_mib": 2048})["memory"].status is Verdict.WARNED


def test_what_could_not_be_looked_at_is_skipped_and_says_why() -> None:
    found = judged(engine={"free_mib": None}, machine={"memory_mib": None}, mirror={"date": "soon"})
    for check in ("disk", "memory", "clock"):
        assert found[check].status is Verdict.SKIPPED
        assert found[check].detail
    silent = judged(registry={"error": {"type": "EngineUnavailable", "message": "no"}})
    assert silent["registry"].status is Verdict.SKIPPED


def test_what_answers_too_late_is_warned_of() -> None:
    found = judged(mirror={"late": True}, engine={"late": True})
    assert (found["mirror"].status, found["engine"].status) == (Verdict.WARNED, Verdict.FAILED)


@pytest.mark.parametrize(
    ("systems", "command"),
    [
        (["ubuntu", "debian"], "sudo apt-get install openssh-client rsync"),
        (["rocky", "rhel", "fedora"], "sudo dnf install openssh-clients rsync"),
        (["arch"], "sudo pacman -S openssh rsync"),
        (["somebodys"], "sudo apt-get install openssh-client rsync"),
    ],
)
def test_the_hint_is_that_of_the_distribution(systems: list[str], command: str) -> None:
    assert host.install_command(["ssh", "rsync"], systems) == command


def test_only_what_changes_nothing_but_the_callers_own_is_safe_to_hint() -> None:
    safe = {check for check, (given, *_) in FAULTS.items() if judged(**given)[check].data.get(host.SAFE) is True}
    assert safe == {"state"}


@pytest.mark.parametrize(
    ("driver", "roads", "required", "check", "status"),
    [
        ("535.54.03", ("hook",), True, "host/gpu", Verdict.PASSED),
        ("440.33", ("hook",), True, "gpu/driver-too-old", Verdict.FAILED),
        ("440.33", ("hook",), False, "gpu/driver-too-old", Verdict.SKIPPED),
        ("535.54.03", (), True, "gpu/engine-cannot", Verdict.FAILED),
    ],
)
def test_whether_a_release_can_use_this_driver_is_told_before_a_pull(
    driver: str, roads: tuple[str, ...], required: bool, check: str, status: Verdict
) -> None:
    engine = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_methods=roads)
    release = replace(catalog.release("2.9.0"))
    (found,) = checks.host_gpu(HostGpu(driver, devices=("0000:01:00.0",)), engine, release, required=required)
    assert (found.check, found.status) == (check, status)
    assert checks.exit_code([found]) is (ExitCode.GPU if status is Verdict.FAILED else ExitCode.OK)


def test_an_engine_that_was_not_asked_serves_no_gpu_yet() -> None:
    (found,) = checks.host_gpu(
        HostGpu("535.54.03", devices=("0000:01:00.0",)), None, catalog.release("2.9.0"), required=True
    )
    assert (found.check, found.status) == ("host/gpu", Verdict.SKIPPED)


@pytest.mark.parametrize(
    ("given", "status", "hint"),
    [
        ({"holder": "python (process 7)"}, Verdict.WARNED, ""),
        ({"holder": "python (process 7)", "named": True}, Verdict.FAILED, "jupyter.port"),
        ({"holder": "docker-proxy", "named": True, "ours": True}, Verdict.PASSED, ""),
    ],
)
def test_a_taken_port_is_no_pass(given: dict[str, Any], status: Verdict, hint: str) -> None:
    found = judged(port=given)["port"]
    assert found.status is status
    assert hint in found.hint


@pytest.mark.parametrize(
    ("status", "verdict", "hint"),
    [
        (405, Verdict.PASSED, ""),
        (302, Verdict.PASSED, ""),
        (404, Verdict.PASSED, ""),
        (401, Verdict.WARNED, "build.netrc"),
        (407, Verdict.WARNED, "https_proxy"),
        (403, Verdict.WARNED, "build.netrc"),
        (503, Verdict.WARNED, "again"),
    ],
)
def test_whatever_status_an_index_answers_with_it_is_no_matter_of_the_network(
    status: int, verdict: Verdict, hint: str
) -> None:
    found = judged(index={"status": status})["index"]
    assert found.status is verdict
    assert hint in found.hint
    assert "network" not in found.cause


def test_an_address_that_is_not_asked_is_skipped_with_its_reason() -> None:
    found = judged(index={"skipped": "it is not asked before it was approved"})["index"]
    assert (found.status, found.detail) == (Verdict.SKIPPED, "it is not asked before it was approved")


@pytest.mark.parametrize(
    ("hint", "fix"),
    [
        ("sudo systemctl start docker", True),
        ('sudo usermod -aG docker "$USER"', False),
        ("sudo apt-get install docker.io, then sudo systemctl start docker", False),
    ],
)
def test_the_engine_is_started_only_where_that_is_the_hint(hint: str, fix: bool) -> None:
    found = judged(engine={"refused": {"message": "no", "tried": "", "hint": hint}})["engine"]
    assert (host.FIX in found.data) is fix
