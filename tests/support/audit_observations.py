"""Observations of an environment that withstands its audit, and variants with one weakness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks import audit
from envkit.checks.audit.attack_cases import HTTP_ATTACKS, OWNER_LOGIN, SSH_ATTACKS
from envkit.checks.check import CHECKS
from envkit.model.report import Finding, Observation, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_CAPABILITIES = "0" * 16
# `docker inspect` of a hardened environment.
HARDENED: dict[str, Any] = {
    "Config": {
        "User": "1000:1000",
        "Env": ["PATH=/bin", "WANDB_FILE=/run/secrets/x"],
        "Healthcheck": {"Test": ["CMD"]},
    },
    "HostConfig": {
        "PortBindings": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}]},
        "PublishAllPorts": False,
        "Privileged": False,
        "CapDrop": ["ALL"],
        "CapAdd": None,
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "MaskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"],
        "ReadonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"],
        "PidMode": "",
        "IpcMode": "private",
        "UTSMode": "",
        "NetworkMode": "envkit-1000-a",
        "UsernsMode": "",
        "CgroupnsMode": "private",
        "Devices": [],
        "DeviceRequests": None,
        "DeviceCgroupRules": None,
        "VolumesFrom": None,
        "Links": None,
        "GroupAdd": None,
        "ExtraHosts": [],
        "Tmpfs": {"/tmp": "rw,exec,nosuid,nodev,size=1g"},
        "Memory": 1 << 30,
        "PidsLimit": 4096,
        "NanoCpus": 10**9,
        "LogConfig": {"Config": {"max-size": "10m", "max-file": "3"}},
        "RestartPolicy": {"Name": "on-failure"},
        "Ulimits": [{"Name": "core", "Hard": 0, "Soft": 0}],
    },
    "NetworkSettings": {"Networks": {"envkit-1000-a": {}}},
    "Mounts": [
        {"Type": "bind", "Source": "/home/a/p", "Destination": "/workspace", "RW": True, "Propagation": "rprivate"},
        {"Type": "bind", "Source": "/x/token", "Destination": "/run/secrets/envkit", "RW": False, "Propagation": ""},
    ],
}
QUANTUM_WARNING = "curve25519-sha256: does not provide protection against post-quantum attacks"
SSHD_SETTINGS = {
    "kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256",
    "ciphers": "aes256-gcm@openssh.com",
    "macs": "hmac-sha2-512-etm@openssh.com",
    "hostkeyalgorithms": "ssh-ed25519",
}
# Observation -> data, besides the HTTP and SSH attacks.
OBSERVED: dict[str, dict[str, Any]] = {
    "audit.control": {"owner": 200, "browser": 200},
    "audit.guesses": {
        "attempts": 100,
        "refused": 100,
        "let_in": 0,
        "characters": 43,
        "different": 30,
        "pairs": 42,
        "distances": 35,
    },
    "audit.cookie": {"cookies": [{"name": "username-1", "flags": ["HttpOnly", "SameSite=Strict"]}]},
    "audit.identity": {
        "uid": 1000,
        "status": {
            "CapPrm": NO_CAPABILITIES,
            "CapEff": NO_CAPABILITIES,
            "CapBnd": NO_CAPABILITIES,
            "CapInh": NO_CAPABILITIES,
            "CapAmb": NO_CAPABILITIES,
            "NoNewPrivs": "1",
            "Seccomp": "2",
        },
    },
    "audit.escapes": {"attempts": 14, "succeeded": [], "missing": [], "unfinished": []},
    "audit.tampering": {"attempts": 8, "succeeded": [], "missing": [], "unfinished": []},
    "inventory.files": {"rights": [], "leaks": []},
    "audit.variables": {"names": []},
    "audit.secrets": {"checked": True, "open": [], "shown": False},
    "audit.sshd": {"effective": SSHD_SETTINGS, "planned": SSHD_SETTINGS},
    "audit.socket": {"there": True, "mode": 0o600, "folder": 0o700, "owned": True},
    "audit.packages": {
        "python": "3.11",
        "codename": "bookworm",
        "openssh": "1:9.2p1-2+deb12u10",
        "versions": {
            "jupyter-server": ["2.21.1"],
            "jupyter-server-proxy": ["4.6.0"],
            "jupyterlab": ["4.6.6"],
            "tornado": ["6.6.1"],
            "nbconvert": ["7.17.2"],
        },
    },
    "audit.image": {
        "made": "2026-11-22T08:00:44.097544024Z",
        "base": "",
        "updated": "2026-11-01T08:00:44+00:00",
        "today": "2026-11-23",
    },
    "audit.ssh_audit": {"count": 9, "fail": [], "warn": [QUANTUM_WARNING]},
    "audit.neighbour": {
        "network": "bridge",
        "attempts": 3,
        "opened": [],
        "refused": [],
        "alive": True,
        "ended": True,
    },
    "audit.traces": {"places": [], "unread": []},
}


def http_answers(check: str = "", **changes: object) -> list[Observation]:
    """Build the answers of a hardened server; the first attack of one check has another answer."""
    observations, is_changed = [], False
    for attack in HTTP_ATTACKS:
        data: dict[str, Any] = {
            "check": attack.check,
            "attack": f"{attack.method} {attack.path} as {attack.identity}",
            "status": min(attack.statuses),
            "location": "/login?next=%2F",
            "allows": "",
            "leaked": False,
            "header": attack.required_header[1],
        }
        if attack.check == check and not is_changed:
            is_changed = True
            data |= changes
        observations.append(Observation("audit.http", data))
    return observations


def ssh_logins(name: str = "", **changes: object) -> list[Observation]:
    """Build the refusals of a hardened SSH server; one attack, or `all`, has another result."""
    observations = [Observation("audit.ssh", {"attack": OWNER_LOGIN.name, "code": 0, "refused": True})]
    for attack in SSH_ATTACKS:
        data = {
            "attack": attack.name,
            "code": attack.exit_code,
            "offers": "publickey",
            "refused": True,
            "reached": False,
        }
        observations.append(Observation("audit.ssh", {**data, **(changes if name in {attack.name, "all"} else {})}))
    return observations


def failed_checks(
    http: list[Observation] | None = None,
    ssh: list[Observation] | None = None,
    inspection: dict[str, Any] | None = None,
    changes: dict[str, dict[str, Any]] | None = None,
) -> set[str]:
    """Audit a hardened environment with some changes, and return the checks that do not pass, without `audit/`."""
    observations = [*(http_answers() if http is None else http), *(ssh_logins() if ssh is None else ssh)]
    for name, data in OBSERVED.items():
        observations.append(Observation(name, {**data, **(changes or {}).get(name.rpartition(".")[2], {})}))
    findings = audit.check(observations, inspection or HARDENED)
    assert {finding.check for finding in findings} == {check for check in CHECKS if check.startswith("audit/")}
    return {
        finding.check.removeprefix("audit/")
        for finding in findings
        if finding.status is not Verdict.PASSED and finding.check != "audit/plan"  # nothing to compare with
    }


def judge(observations: Sequence[Observation], inspection: dict[str, Any] | None = None) -> dict[str, Finding]:
    """Judge observations of an environment that is hardened by default; findings by check, without `audit/`."""
    findings = audit.check(observations, inspection or HARDENED)
    return {finding.check.removeprefix("audit/"): finding for finding in findings}


def ssh_statuses(observations: Sequence[Observation]) -> dict[str, Verdict]:
    """Judge observations, and return the statuses of the SSH attacks' checks."""
    findings = judge(observations)
    return {attack.check: findings[attack.check.removeprefix("audit/")].status for attack in SSH_ATTACKS}
