"""What `docker inspect` says of a container, against what it says of a locked-down one.

Each check is a function from what inspect says to sentences about what is wrong; none means that it holds.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envkit import names
from envkit.config.variables import looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Inspected = dict[str, Any]
    Check = Callable[[Inspected], Iterator[str]]

# Whoever can write one of these, or read some of them, has the host.
OFF_LIMITS = ("/", "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib/docker", "/var/run")
MASKED = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"}
READ_ONLY = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"}
SINGLE_FILES = ("/etc/passwd", "/etc/group")  # on another machine's engine they lie in a volume
KEPT = ("/etc", "/run/secrets", "/usr", "/opt")  # what envkit mounts to be read alone
PUBLISHED = {f"{names.JUPYTER_PORT}/tcp", f"{names.SSH_PORT}/tcp"}
NVIDIA = frozenset({"gpu", "nvidia", "compute", "utility", "video", "graphics", "display", "compat32", "ngx"})


def loopback(found: Inspected) -> Iterator[str]:
    """Ports are published on loopback alone, and none but JupyterLab's and the SSH server's."""
    for port, bindings in (found["HostConfig"]["PortBindings"] or {}).items():
        if port not in PUBLISHED:
            yield f"{port} is published"
        for binding in bindings or ():
            if not binding["HostIp"] or not ipaddress.ip_address(binding["HostIp"]).is_loopback:
                yield f"{port} is published on {binding['HostIp'] or 'every address'}"
    if found["HostConfig"]["PublishAllPorts"]:
        yield "every exposed port is published"


def privileges(found: Inspected) -> Iterator[str]:
    """No privilege is given, and none can be gained."""
    host = found["HostConfig"]
    if host["Privileged"]:
        yield "it is privileged"
    if host["CapDrop"] != ["ALL"] or host["CapAdd"]:
        yield f"it keeps capabilities: dropped {host['CapDrop']}, added {host['CapAdd']}"
    options = host["SecurityOpt"] or []
    if not any(option.startswith("no-new-privileges") and not option.endswith("false") for option in options):
        yield "programs may gain privileges"
    if any("unconfined" in option or "disable" in option for option in options):
        yield f"a protection is off: {options}"


def kernel(found: Inspected) -> Iterator[str]:
    """The kernel's own files are hidden or read-only, and so is the root file system."""
    host = found["HostConfig"]
    if not host["ReadonlyRootfs"]:
        yield "its root file system can be written"
    if missing := MASKED - set(host["MaskedPaths"] or ()):
        yield f"not hidden: {sorted(missing)}"
    if missing := READ_ONLY - set(host["ReadonlyPaths"] or ()):
        yield f"not read-only: {sorted(missing)}"


def namespaces(found: Inspected) -> Iterator[str]:
    """It shares nothing with the host or with another container."""
    host = found["HostConfig"]
    for name in ("PidMode", "IpcMode", "UTSMode", "NetworkMode", "UsernsMode", "CgroupnsMode"):
        if host[name] == "host" or host[name].startswith("container:") or host[name] == "shareable":
            yield f"{name} is {host[name]}"
    if host["CgroupnsMode"] != "private":
        yield "it sees the host's control groups"
    for name in ("Devices", "DeviceCgroupRules", "VolumesFrom", "Links", "GroupAdd", "ExtraHosts"):
        if host[name]:
            yield f"{name} is {host[name]}"
    for request in host["DeviceRequests"] or ():
        if not _nvidia(request):
            yield f"DeviceRequests holds {request}"


def network(found: Inspected) -> Iterator[str]:
    """It is on a network of its own, not on the one that containers share by default."""
    if found["HostConfig"]["NetworkMode"] in {"default", "bridge", "host"} or len(_networks(found)) != 1:
        yield f"it is on {sorted(_networks(found))}"


def mounts(found: Inspected) -> Iterator[str]:
    """It sees nothing of the host's own, no engine's socket, and what envkit made only to read."""
    for mount in found["Mounts"]:
        source, target = str(PurePosixPath(mount["Source"])), mount["Destination"]
        if mount["Type"] == "bind" and (source in OFF_LIMITS or source.endswith(".sock") or "/.ssh" in source):
            yield f"{source} of the host is at {target}"
        # A file below the engine's own folder: the engine takes no less, and nothing is ever mounted on one.
        within = target in SINGLE_FILES and not mount["RW"] and source.endswith(f"/_data{target.removeprefix('/etc')}")
        if mount["Propagation"] not in {"", "rprivate", *(["rslave"] if within else [])}:
            yield f"{target} is mounted with {mount['Propagation']}"
        if mount["RW"] and target.startswith(KEPT):
            yield f"{target} can be written"


def temporary(found: Inspected) -> Iterator[str]:
    """What lies in memory has a size, and neither devices nor SUID bits work there."""
    for target, options in (found["HostConfig"]["Tmpfs"] or {}).items():
        words = options.split(",")
        if not {"nosuid", "nodev"} <= set(words) or not any(word.startswith("size=") for word in words):
            yield f"{target} is mounted with {options}"


def limits(found: Inspected) -> Iterator[str]:
    """It cannot take the whole host: memory, processors, processes, disk by its log, restarts without end."""
    host = found["HostConfig"]
    for name in ("Memory", "PidsLimit", "NanoCpus"):
        if not (host[name] or 0) > 0:
            yield f"{name} has no limit"
    if not {"max-size", "max-file"} <= set(host["LogConfig"]["Config"] or ()):
        yield "its log grows without end"
    if host["RestartPolicy"]["Name"] not in {"", "no", "on-failure"}:
        yield f"it restarts {host['RestartPolicy']['Name']}"
    if not any(one["Name"] == "core" and one["Hard"] == 0 for one in host["Ulimits"] or ()):
        yield "it may write memory images"
    if not (found["Config"].get("Healthcheck") or {}).get("Test"):
        yield "nobody looks whether it still serves"


def identity(found: Inspected) -> Iterator[str]:
    """It runs as a number that is not root's."""
    user = found["Config"]["User"]
    if not re.fullmatch(r"[1-9][0-9]*(:[0-9]+)?", user):
        yield f"it runs as {user or 'root'}"


def environment(found: Inspected) -> Iterator[str]:
    """No variable holds a secret; those that end in _FILE name a file."""
    for pair in found["Config"]["Env"] or ():
        name, _, value = pair.partition("=")
        if looks_secret(name) and value:
            yield f"{name} is in the environment"


# Check -> what judges it.
CHECKS: Mapping[str, Check] = {
    "audit/ports": loopback, "audit/privileges": privileges, "audit/kernel": kernel, "audit/namespaces": namespaces,
    "audit/network": network, "audit/mounts": mounts, "audit/temporary": temporary, "audit/limits": limits,
    "audit/identity": identity, "audit/environment": environment,
}


def _nvidia(request: Mapping[str, Any]) -> bool:
    """Say whether a request hands over NVIDIA's GPUs and nothing else, in one of the ways that envkit has."""
    wanted = [set(one) for one in request.get("Capabilities") or ()]
    if request.get("Driver") == "cdi":
        named = request.get("DeviceIDs") or ()
        return bool(named) and all(str(one).startswith("nvidia.com/gpu=") for one in named)
    return request.get("Driver") in {"", None, "nvidia"} and bool(wanted) and all(
        one & {"gpu", "nvidia"} and one <= NVIDIA for one in wanted
    )


def _networks(found: Inspected) -> dict[str, Any]:
    return dict(found["NetworkSettings"]["Networks"] or {})
