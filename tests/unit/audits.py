"""What is seen of an environment that withstands, and what of it is one thing weakened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks import audit
from envkit.checks.audit.attack_cases import HTTP_ATTACKS, OWNER_LOGIN, SSH_ATTACKS
from envkit.checks.table import CHECKS
from envkit.model.report import Observation, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE = "0" * 16
# As the engine says of an environment: what the settings are judged by.
LOCKED: dict[str, Any] = {
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
QUANTUM = "curve25519-sha256: does not provide protection against post-quantum attacks"
SSHD = {
    "kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256",
    "ciphers": "aes256-gcm@openssh.com",
    "macs": "hmac-sha2-512-etm@openssh.com",
    "hostkeyalgorithms": "ssh-ed25519",
}
INSIDE: dict[str, dict[str, Any]] = {
    "audit.control": {"owner": 200, "browser": 200},
    "audit.guesses": {"tried": 100, "refused": 100, "let_in": 0, "characters": 43, "different": 30},
    "audit.cookie": {"cookies": [{"name": "username-1", "flags": ["HttpOnly", "SameSite=Strict"]}]},
    "audit.identity": {
        "uid": 1000,
        "status": {
            "CapPrm": NONE,
            "CapEff": NONE,
            "CapBnd": NONE,
            "CapInh": NONE,
            "CapAmb": NONE,
            "NoNewPrivs": "1",
            "Seccomp": "2",
        },
    },
    "audit.escapes": {"tried": 14, "succeeded": [], "missing": [], "unfinished": []},
    "audit.tampering": {"tried": 8, "succeeded": [], "missing": [], "unfinished": []},
    "audit.rights": {"checked": True, "files": []},
    "audit.variables": {"names": []},
    "audit.secrets": {"checked": True, "open": [], "shown": False},
    "audit.sshd": {"settings": SSHD},
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
    "audit.ssh_audit": {"count": 9, "fail": [], "warn": [QUANTUM]},
    "audit.neighbour": {
        "network": "bridge",
        "tried": 3,
        "opened": [],
        "refused": [],
        "alive": True,
        "ended": True,
    },
    "audit.traces": {"places": [], "unread": []},
}


def answers(check: str = "", **wrong: object) -> list[Observation]:
    """Return what a locked-down server answers, and to the first attack of one check something else."""
    found, given = [], False
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
        if attack.check == check and not given:
            given = True
            data |= wrong
        found.append(Observation("audit.http", data))
    return found


def logins(attack: str = "", **other: object) -> list[Observation]:
    """Return what came of every login: as it should, but of one attack, or of `all`, something else."""
    found = [Observation("audit.ssh", {"attack": OWNER_LOGIN.name, "code": 0, "refused": True})]
    for one in SSH_ATTACKS:
        data = {"attack": one.name, "code": one.exit_code, "offers": "publickey", "refused": True, "reached": False}
        found.append(Observation("audit.ssh", {**data, **(other if attack in {one.name, "all"} else {})}))
    return found


def failed(
    http: list[Observation] | None = None,
    ssh: list[Observation] | None = None,
    inspected: dict[str, Any] | None = None,
    inside: dict[str, dict[str, Any]] | None = None,
) -> set[str]:
    """Return the checks that do not pass."""
    seen = [*(answers() if http is None else http), *(logins() if ssh is None else ssh)]
    given = inside or {}
    seen += [Observation(what, {**data, **given.get(what.removeprefix("audit."), {})}) for what, data in INSIDE.items()]
    found = audit.check(seen, inspected or LOCKED)
    assert {one.check for one in found} == {check for check in CHECKS if check.startswith("audit/")}
    return {one.check.removeprefix("audit/") for one in found if one.status is not Verdict.PASSED}


def verdicts(seen: Sequence[Observation]) -> dict[str, Verdict]:
    """Return how the checks on SSH came out."""
    return {
        one.check: one.status for one in audit.check(seen, LOCKED) if one.check in {one.check for one in SSH_ATTACKS}
    }
