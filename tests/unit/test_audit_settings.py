"""What the engine says of a container, judged: one setting weakened is one finding, and what envkit sets is none."""

from __future__ import annotations

from typing import Any

import pytest

from envkit.checks.audit import hardening
from tests.unit.audits import LOCKED, failed

# What is weakened, at which place of what the engine says, and the check that notices.
SETTINGS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "a port for everybody": (("HostConfig", "PortBindings"), {"8888/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
    "another port": (("HostConfig", "PortBindings"), {"6006/tcp": [{"HostIp": "127.0.0.1"}]}, "ports"),
    "privileged": (("HostConfig", "Privileged"), True, "privileges"),
    "a capability": (("HostConfig", "CapAdd"), ["NET_RAW"], "privileges"),
    "new privileges": (("HostConfig", "SecurityOpt"), [], "privileges"),
    "no seccomp": (
        ("HostConfig", "SecurityOpt"),
        ["no-new-privileges:true", "seccomp=unconfined"],
        "privileges",
    ),
    "a root that can be written": (("HostConfig", "ReadonlyRootfs"), False, "kernel"),
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
    "a mount that follows the host's": (
        ("Mounts",),
        [{"Type": "bind", "Source": "/d", "Destination": "/data", "RW": False, "Propagation": "rslave"}],
        "mounts",
    ),
    "endless memory": (("HostConfig", "Memory"), 0, "limits"),
    "endless restarts": (("HostConfig", "RestartPolicy"), {"Name": "always"}, "limits"),
    "scratch without a size": (("HostConfig", "Tmpfs"), {"/tmp": "exec"}, "temporary"),
    "root": (("Config", "User"), "", "identity"),
    "a token as a variable": (("Config", "Env"), ["JUPYTER_TOKEN=x"], "environment"),
    "SSH for everybody": (("HostConfig", "PortBindings"), {"2222/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
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
# What envkit.yaml may ask for, or an image bring.
ALLOWED: dict[str, tuple[tuple[str, str], Any]] = {
    "ssh.publish": (
        ("HostConfig", "PortBindings"),
        {
            "8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}],
            "2222/tcp": [{"HostIp": "127.0.0.1", "HostPort": "2222"}],
        },
    ),
    "no port, with a socket": (("HostConfig", "PortBindings"), {"8888/tcp": None}),
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
    "GPUs by a runtime": (("HostConfig", "Runtime"), "nvidia"),
    "variables that hold no secret": (
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


@pytest.mark.parametrize("asked", ALLOWED)
def test_what_envkit_itself_configures_passes(asked: str) -> None:
    (part, key), value = ALLOWED[asked]
    assert failed(inspected={**LOCKED, part: {**LOCKED[part], key: value}}) == set()


def test_what_the_engine_does_not_say_is_unknown() -> None:
    assert failed(inspected={**LOCKED, "HostConfig": {}}) == {
        "ports",
        "privileges",
        "kernel",
        "namespaces",
        "network",
        "temporary",
        "limits",
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


def test_a_file_of_a_volume_of_the_engines_own_is_mounted_as_the_engine_insists() -> None:
    files = [
        {
            "Type": "bind",
            "Source": f"/var/lib/docker/volumes/x/_data/{name}",
            "Destination": f"/etc/{name}",
            "RW": False,
            "Propagation": "rslave",
        }
        for name in ("passwd", "group")
    ]
    assert list(hardening.mounts({**LOCKED, "Mounts": files})) == []
    assert list(hardening.mounts({**LOCKED, "Mounts": [{**files[0], "RW": True}]})) != []
    assert list(hardening.mounts({**LOCKED, "Mounts": [{**files[0], "Source": "/data/passwd"}]})) != []
