"""Judge container settings: one weakened setting fails exactly one check, and envkit's own settings pass."""

from __future__ import annotations

from typing import Any

import pytest

from envkit.checks.audit import hardening
from tests.support.audit_observations import HARDENED, failed_checks

# Weakened setting -> its path in `docker inspect`, its value, and the check that fails.
SETTINGS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "a port on every address": (("HostConfig", "PortBindings"), {"8888/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
    "another port": (("HostConfig", "PortBindings"), {"6006/tcp": [{"HostIp": "127.0.0.1"}]}, "ports"),
    "privileged": (("HostConfig", "Privileged"), True, "privileges kernel"),
    "a capability": (("HostConfig", "CapAdd"), ["NET_RAW"], "privileges"),
    "new privileges": (("HostConfig", "SecurityOpt"), [], "privileges"),
    "no seccomp": (
        ("HostConfig", "SecurityOpt"),
        ["no-new-privileges:true", "seccomp=unconfined"],
        "privileges",
    ),
    "a writable root file system": (("HostConfig", "ReadonlyRootfs"), False, "kernel"),
    "the host's processes": (("HostConfig", "PidMode"), "host", "namespaces"),
    "a device": (("HostConfig", "Devices"), [{"PathOnHost": "/dev/sda"}], "namespaces"),
    "the shared network": (("HostConfig", "NetworkMode"), "bridge", "network"),
    "the engine's socket": (
        ("Mounts",),
        [{"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/s", "RW": True, "Propagation": ""}],
        "mounts",
    ),
    "a system folder": (
        ("Mounts",),
        [{"Type": "bind", "Source": "/etc", "Destination": "/host", "RW": False, "Propagation": ""}],
        "mounts",
    ),
    "a mount with propagation": (
        ("Mounts",),
        [{"Type": "bind", "Source": "/d", "Destination": "/data", "RW": False, "Propagation": "rslave"}],
        "mounts",
    ),
    "unlimited memory": (("HostConfig", "Memory"), 0, "limits"),
    "unlimited restarts": (("HostConfig", "RestartPolicy"), {"Name": "always"}, "limits"),
    "tmpfs without a size": (("HostConfig", "Tmpfs"), {"/tmp": "exec"}, "temporary"),
    "root": (("Config", "User"), "", "identity"),
    "a token as a variable": (("Config", "Env"), ["JUPYTER_TOKEN=x"], "environment"),
    "SSH on every address": (("HostConfig", "PortBindings"), {"2222/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
    "another device": (
        ("HostConfig", "DeviceRequests"),
        [{"Driver": "cdi", "DeviceIDs": ["a.com/disk=0"]}],
        "namespaces",
    ),
    "more than GPUs": (
        ("HostConfig", "DeviceRequests"),
        [{"Driver": "", "Capabilities": [["gpu", "tpm"]]}],
        "namespaces",
    ),
}
# Settings of envkit.yaml or of an image that pass.
ALLOWED: dict[str, tuple[tuple[str, str], Any]] = {
    "ssh.publish": (
        ("HostConfig", "PortBindings"),
        {
            "8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}],
            "2222/tcp": [{"HostIp": "127.0.0.1", "HostPort": "2222"}],
        },
    ),
    "a socket instead of a port": (("HostConfig", "PortBindings"), {"8888/tcp": None}),
    "all GPUs": (
        ("HostConfig", "DeviceRequests"),
        [
            {"Driver": "", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu", "compute", "utility"]]},
        ],
    ),
    "GPUs by CDI": (
        ("HostConfig", "DeviceRequests"),
        [
            {"Driver": "cdi", "Count": 0, "DeviceIDs": ["nvidia.com/gpu=all"], "Capabilities": None},
        ],
    ),
    "GPUs by runtime": (("HostConfig", "Runtime"), "nvidia"),
    "variables without a secret": (
        ("Config", "Env"),
        [
            "TOKENIZERS_PARALLELISM=false",
            "KEYRING_BACKEND=x",
            "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
            "NO_VALUE",
            "WANDB_API_KEY_FILE=/run/secrets/x",
        ],
    ),
}


def test_settings_of_envkit_pass() -> None:
    for name, ((part, key), value) in ALLOWED.items():
        assert failed_checks(inspection={**HARDENED, part: {**HARDENED[part], key: value}}) == set(), name


def test_settings_missing_in_the_inspection_are_unknown() -> None:
    assert failed_checks(inspection={**HARDENED, "HostConfig": {}}) == {
        "ports",
        "privileges",
        "kernel",
        "namespaces",
        "network",
        "temporary",
        "limits",
    }


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "stand-in")
def test_each_weakened_setting_fails_exactly_its_checks() -> None:
    for name, (path, value, check) in SETTINGS.items():
        inspection = {**HARDENED}
        inspection[path[0]] = value if len(path) == 1 else {**HARDENED[path[0]], path[1]: value}
        assert failed_checks(inspection=inspection) == set(check.split()), name


def test_only_read_only_volume_files_may_propagate() -> None:
    mounts = [
        {
            "Type": "bind",
            "Source": f"/var/lib/docker/volumes/x/_data/{name}",
            "Destination": f"/etc/{name}",
            "RW": False,
            "Propagation": "rslave",
        }
        for name in ("passwd", "group")
    ]
    assert list(hardening.mounts({**HARDENED, "Mounts": mounts})) == []
    assert list(hardening.mounts({**HARDENED, "Mounts": [{**mounts[0], "RW": True}]})) != []
    assert list(hardening.mounts({**HARDENED, "Mounts": [{**mounts[0], "Source": "/data/passwd"}]})) != []
