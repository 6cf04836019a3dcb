"""What came of the attacks, judged: one thing weakened is one finding, and exactly that one."""

from __future__ import annotations

from typing import Any

import pytest

from envkit.checks import audit, container
from envkit.checks.attacks import ATTACKS
from envkit.checks.table import TABLE
from envkit.model.report import Observation, Verdict

NONE = "0" * 16
# As the engine says of an environment: what the settings are judged by.
LOCKED: dict[str, Any] = {
    "Config": {
        "User": "1000:1000", "Env": ["PATH=/bin", "WANDB_FILE=/run/secrets/x"], "Healthcheck": {"Test": ["CMD"]},
    },
    "HostConfig": {
        "PortBindings": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}]}, "PublishAllPorts": False,
        "Privileged": False, "CapDrop": ["ALL"], "CapAdd": None, "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "MaskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"],
        "ReadonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"],
        "PidMode": "", "IpcMode": "private", "UTSMode": "", "NetworkMode": "envkit-1000-a", "UsernsMode": "",
        "CgroupnsMode": "private", "Devices": [], "DeviceRequests": None, "DeviceCgroupRules": None,
        "VolumesFrom": None, "Links": None, "GroupAdd": None, "ExtraHosts": [],
        "Tmpfs": {"/tmp": "rw,exec,nosuid,nodev,size=1g"}, "Memory": 1 << 30, "PidsLimit": 4096, "NanoCpus": 10**9,
        "LogConfig": {"Config": {"max-size": "10m", "max-file": "3"}}, "RestartPolicy": {"Name": "on-failure"},
        "Ulimits": [{"Name": "core", "Hard": 0, "Soft": 0}],
    },
    "NetworkSettings": {"Networks": {"envkit-1000-a": {}}},
    "Mounts": [
        {"Type": "bind", "Source": "/home/a/p", "Destination": "/workspace", "RW": True, "Propagation": "rprivate"},
        {"Type": "bind", "Source": "/x/token", "Destination": "/run/secrets/envkit", "RW": False, "Propagation": ""},
    ],
}
SSHD = {
    "kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256", "ciphers": "aes256-gcm@openssh.com",
    "macs": "hmac-sha2-512-etm@openssh.com", "hostkeyalgorithms": "ssh-ed25519",
}
INSIDE: dict[str, dict[str, Any]] = {
    "audit.guesses": {"tried": 100, "let_in": 0, "characters": 43, "different": 30},
    "audit.cookie": {"flags": ["HttpOnly", "SameSite=Strict"]},
    "audit.identity": {"uid": 1000, "status": {
        "CapPrm": NONE, "CapEff": NONE, "CapBnd": NONE, "CapInh": NONE, "CapAmb": NONE, "NoNewPrivs": "1",
        "Seccomp": "2",
    }},
    "audit.escapes": {"tried": 13, "succeeded": [], "missing": []},
    "audit.tampering": {"tried": 8, "succeeded": [], "missing": []},
    "audit.rights": {"checked": True, "files": []},
    "audit.variables": {"names": []},
    "audit.secrets": {"checked": True, "open": [], "shown": False},
    "audit.sshd": {"settings": SSHD},
    "audit.traces": {"places": []},
}


def answers(check: str = "", **wrong: object) -> list[Observation]:
    """Return what a locked-down server answers, and to the first attack of one check something else."""
    found, given = [], False
    for attack in ATTACKS:
        data: dict[str, Any] = {
            "check": attack.check, "attack": f"{attack.method} {attack.path} as {attack.who}",
            "status": min(attack.good), "location": "/login?next=%2F", "allows": "", "leaked": False,
            "header": attack.has[1],
        }
        if attack.check == check and not given:
            given = True
            data |= wrong
        found.append(Observation("audit.http", data))
    return found


def logins(**let_in: int) -> list[Observation]:
    """Return what the SSH client ended with: refused everywhere but where something else is said."""
    codes = {name: let_in.get(name.replace(" ", "_"), 255) for name in audit.SSH}
    return [
        Observation("audit.ssh", {"attack": name, "code": code, "offers": "publickey"}) for name, code in codes.items()
    ]


def failed(
    http: list[Observation] | None = None, ssh: list[Observation] | None = None,
    inspected: dict[str, Any] | None = None, inside: dict[str, dict[str, Any]] | None = None,
) -> set[str]:
    """Return the checks that do not pass."""
    seen = [*(answers() if http is None else http), *(logins() if ssh is None else ssh)]
    given = inside or {}
    seen += [Observation(what, {**data, **given.get(what.removeprefix("audit."), {})}) for what, data in INSIDE.items()]
    found = audit.check(seen, inspected or LOCKED)
    assert {one.check for one in found} == {check for check in TABLE if check.startswith("audit/")}
    return {one.check.removeprefix("audit/") for one in found if one.status is not Verdict.PASSED}


def test_an_environment_that_withstands_passes_every_check() -> None:
    assert failed() == set()


@pytest.mark.parametrize("check", dict.fromkeys(one.check for one in ATTACKS))
def test_an_attack_on_jupyterlab_that_succeeds_is_one_finding(check: str) -> None:
    assert failed(answers(check, status=500 if check in {"audit/traversal", "audit/frames"} else 101)) == {check[6:]}


@pytest.mark.parametrize(("check", "wrong"), [
    ("audit/http-anonymous", {"status": 302, "location": "//evil.example"}),
    ("audit/http-origin", {"allows": "*"}), ("audit/traversal", {"leaked": True}), ("audit/frames", {"header": ""}),
])
def test_an_answer_is_judged_by_more_than_its_status(check: str, wrong: dict[str, object]) -> None:
    assert failed(answers(check, **wrong)) == {check[6:]}


@pytest.mark.parametrize(("attack", "check"), [(name, check[6:]) for name, check in audit.SSH.items()])
def test_a_login_that_succeeds_is_one_finding(attack: str, check: str) -> None:
    assert failed(ssh=logins(**{attack.replace(" ", "_"): 0})) == {check}


def test_another_way_to_log_in_that_is_offered_is_a_finding_too() -> None:
    offered = [Observation("audit.ssh", {**one.data, "offers": "publickey,password"}) for one in logins()]
    assert failed(ssh=offered) == {"ssh-password"}


# What is weakened, at which place of what the engine says, and the check that notices.
SETTINGS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "a port for everybody": (("HostConfig", "PortBindings"), {"8888/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
    "another port": (("HostConfig", "PortBindings"), {"6006/tcp": [{"HostIp": "127.0.0.1"}]}, "ports"),
    "privileged": (("HostConfig", "Privileged"), True, "privileges"),
    "a capability": (("HostConfig", "CapAdd"), ["NET_RAW"], "privileges"),
    "new privileges": (("HostConfig", "SecurityOpt"), [], "privileges"),
    "no seccomp": (
        ("HostConfig", "SecurityOpt"), ["no-new-privileges:true", "seccomp=unconfined"], "privileges",
    ),
    "a root that can be written": (("HostConfig", "ReadonlyRootfs"), False, "kernel"),
    "the host's processes": (("HostConfig", "PidMode"), "host", "namespaces"),
    "a device": (("HostConfig", "Devices"), [{"PathOnHost": "/dev/sda"}], "namespaces"),
    "the shared network": (("HostConfig", "NetworkMode"), "bridge", "network"),
    "the engine's socket": (
        ("Mounts",), [{"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/s", "RW": True,
                       "Propagation": ""}], "mounts",
    ),
    "a system folder": (
        ("Mounts",), [{"Type": "bind", "Source": "/etc", "Destination": "/host", "RW": False, "Propagation": ""}],
        "mounts",
    ),
    "a mount that follows the host's": (
        ("Mounts",), [{"Type": "bind", "Source": "/d", "Destination": "/data", "RW": False, "Propagation": "rslave"}],
        "mounts",
    ),
    "endless memory": (("HostConfig", "Memory"), 0, "limits"),
    "endless restarts": (("HostConfig", "RestartPolicy"), {"Name": "always"}, "limits"),
    "scratch without a size": (("HostConfig", "Tmpfs"), {"/tmp": "exec"}, "temporary"),
    "root": (("Config", "User"), "", "identity"),
    "a token as a variable": (("Config", "Env"), ["JUPYTER_TOKEN=x"], "environment"),
}


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "stand-in")
@pytest.mark.parametrize("weakened", SETTINGS)
def test_a_setting_that_is_weakened_is_one_finding(weakened: str) -> None:
    path, value, check = SETTINGS[weakened]
    inspected = {**LOCKED}
    if len(path) == 1:
        inspected[path[0]] = value
    else:
        inspected[path[0]] = {**LOCKED[path[0]], path[1]: value}
    assert failed(inspected=inspected) == {check}


@pytest.mark.parametrize(("look", "data", "check"), [
    ("guesses", {"let_in": 1}, "http-guesses"), ("guesses", {"characters": 6}, "http-guesses"),
    ("guesses", {"different": 2}, "http-guesses"), ("cookie", {"flags": ["HttpOnly"]}, "http-cookie"),
    ("identity", {"uid": 0}, "capabilities"), ("identity", {"status": {"CapEff": "00000000a80425fb"}}, "capabilities"),
    ("escapes", {"succeeded": ["become root"]}, "escapes"),
    ("tampering", {"succeeded": ["write to /usr"]}, "tampering"),
    ("rights", {"files": ["/usr/bin/su"]}, "rights"), ("variables", {"names": ["API_KEY"]}, "secrets"),
    ("secrets", {"open": ["/run/secrets/envkit/token"]}, "secrets"), ("secrets", {"shown": True}, "secrets"),
    ("sshd", {"settings": {**SSHD, "kexalgorithms": "diffie-hellman-group14-sha1"}}, "ssh-algorithms"),
    ("traces", {"places": ["the container's log"]}, "traces"),
])
def test_what_goes_wrong_inside_is_one_finding(look: str, data: dict[str, Any], check: str) -> None:
    assert failed(inside={look: data}) == {check}


def test_what_could_not_be_attacked_is_skipped_and_never_passes() -> None:
    found = audit.check([], LOCKED)
    skipped = {one.check for one in found if one.status is Verdict.SKIPPED}
    assert skipped == {one.check for one in found} - container.CHECKS.keys()
    assert all(one.seen for one in found)
    silent = [Observation("audit.http", {**one.data, "status": 0}) for one in answers()]
    assert {one.check[6:] for one in ATTACKS} <= failed(silent)


def test_a_file_of_a_volume_of_the_engines_own_is_mounted_as_the_engine_insists() -> None:
    files = [
        {"Type": "bind", "Source": f"/var/lib/docker/volumes/x/_data/{name}", "Destination": f"/etc/{name}",
         "RW": False, "Propagation": "rslave"} for name in ("passwd", "group")
    ]
    assert list(container.mounts({**LOCKED, "Mounts": files})) == []
    assert list(container.mounts({**LOCKED, "Mounts": [{**files[0], "RW": True}]})) != []
    assert list(container.mounts({**LOCKED, "Mounts": [{**files[0], "Source": "/data/passwd"}]})) != []
