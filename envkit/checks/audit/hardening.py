"""What `docker inspect` says of a container, against what it says of a locked-down one.

Each check is a function from what inspect says to sentences about what is wrong; none means that it holds.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.config.env_vars import looks_like_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Inspection = dict[str, Any]
    Rule = Callable[[Inspection], Iterator[str]]

# Whoever can write one of these, or read some of them, has the host.
DENIED_SOURCES = ("/", "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib/docker", "/var/run")
MASKED_PATHS = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"}
READ_ONLY_PATHS = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"}
VOLUME_FILES = ("/etc/passwd", "/etc/group")  # on another machine's engine they lie in a volume
READ_ONLY_TARGETS = ("/etc", "/run/secrets", "/usr", "/opt")  # what envkit mounts to be read alone
ALLOWED_PORTS = {f"{naming.JUPYTER_PORT}/tcp", f"{naming.SSH_PORT}/tcp"}
GPU_CAPABILITIES = frozenset({"gpu", "nvidia", "compute", "utility", "video", "graphics", "display", "compat32", "ngx"})


def loopback(container: Inspection) -> Iterator[str]:
    """Ports are published on loopback alone, and none but JupyterLab's and the SSH server's."""
    for port, bindings in (container["HostConfig"]["PortBindings"] or {}).items():
        if port not in ALLOWED_PORTS:
            yield f"{port} is published"
        for binding in bindings or ():
            if not binding["HostIp"] or not ipaddress.ip_address(binding["HostIp"]).is_loopback:
                yield f"{port} is published on {binding['HostIp'] or 'every address'}"
    if container["HostConfig"]["PublishAllPorts"]:
        yield "every exposed port is published"


def privileges(container: Inspection) -> Iterator[str]:
    """No privilege is given, and none can be gained."""
    host_config = container["HostConfig"]
    if host_config["Privileged"]:
        yield "it is privileged"
    if host_config["CapDrop"] != ["ALL"] or host_config["CapAdd"]:
        yield f"it keeps capabilities: dropped {host_config['CapDrop']}, added {host_config['CapAdd']}"
    options = host_config["SecurityOpt"] or []
    if not any(option.startswith("no-new-privileges") and not option.endswith("false") for option in options):
        yield "programs may gain privileges"
    if any("unconfined" in option or "disable" in option for option in options):
        yield f"a protection is off: {options}"


def kernel(container: Inspection) -> Iterator[str]:
    """The kernel's own files are hidden or read-only, and so is the root file system."""
    host_config = container["HostConfig"]
    if not host_config["ReadonlyRootfs"]:
        yield "its root file system can be written"
    if missing := MASKED_PATHS - set(host_config["MaskedPaths"] or ()):
        yield f"not hidden: {sorted(missing)}"
    if missing := READ_ONLY_PATHS - set(host_config["ReadonlyPaths"] or ()):
        yield f"not read-only: {sorted(missing)}"


def namespaces(container: Inspection) -> Iterator[str]:
    """It shares nothing with the host or with another container."""
    host_config = container["HostConfig"]
    for name in ("PidMode", "IpcMode", "UTSMode", "NetworkMode", "UsernsMode", "CgroupnsMode"):
        if (
            host_config[name] == "host"
            or host_config[name].startswith("container:")
            or host_config[name] == "shareable"
        ):
            yield f"{name} is {host_config[name]}"
    if host_config["CgroupnsMode"] != "private":
        yield "it sees the host's control groups"
    for name in ("Devices", "DeviceCgroupRules", "VolumesFrom", "Links", "GroupAdd", "ExtraHosts"):
        if host_config[name]:
            yield f"{name} is {host_config[name]}"
    for request in host_config["DeviceRequests"] or ():
        if not _is_nvidia_request(request):
            yield f"DeviceRequests holds {request}"


def network(container: Inspection) -> Iterator[str]:
    """It is on a network of its own, not on the one that containers share by default."""
    if container["HostConfig"]["NetworkMode"] in {"default", "bridge", "host"} or len(_networks(container)) != 1:
        yield f"it is on {sorted(_networks(container))}"


def mounts(container: Inspection) -> Iterator[str]:
    """It sees nothing of the host's own, no engine's socket, and what envkit made only to read."""
    for mount in container["Mounts"]:
        source, target = str(PurePosixPath(mount["Source"])), mount["Destination"]
        if mount["Type"] == "bind" and (source in DENIED_SOURCES or source.endswith(".sock") or "/.ssh" in source):
            yield f"{source} of the host is at {target}"
        # A file below the engine's own folder: the engine takes no less, and nothing is ever mounted on one.
        is_volume_file = (
            target in VOLUME_FILES and not mount["RW"] and source.endswith(f"/_data{target.removeprefix('/etc')}")
        )
        if mount["Propagation"] not in {"", "rprivate", *(["rslave"] if is_volume_file else [])}:
            yield f"{target} is mounted with {mount['Propagation']}"
        if mount["RW"] and target.startswith(READ_ONLY_TARGETS):
            yield f"{target} can be written"


def tmpfs(container: Inspection) -> Iterator[str]:
    """What lies in memory has a size, and neither devices nor SUID bits work there."""
    for target, options in (container["HostConfig"]["Tmpfs"] or {}).items():
        flags = options.split(",")
        if not {"nosuid", "nodev"} <= set(flags) or not any(flag.startswith("size=") for flag in flags):
            yield f"{target} is mounted with {options}"


def limits(container: Inspection) -> Iterator[str]:
    """It cannot take the whole host: memory, processors, processes, disk by its log, restarts without end."""
    host_config = container["HostConfig"]
    for name in ("Memory", "PidsLimit", "NanoCpus"):
        if not (host_config[name] or 0) > 0:
            yield f"{name} has no limit"
    if not {"max-size", "max-file"} <= set(host_config["LogConfig"]["Config"] or ()):
        yield "its log grows without end"
    if host_config["RestartPolicy"]["Name"] not in {"", "no", "on-failure"}:
        yield f"it restarts {host_config['RestartPolicy']['Name']}"
    if not any(ulimit["Name"] == "core" and ulimit["Hard"] == 0 for ulimit in host_config["Ulimits"] or ()):
        yield "it may write memory images"
    if not (container["Config"].get("Healthcheck") or {}).get("Test"):
        yield "nobody looks whether it still serves"


def identity(container: Inspection) -> Iterator[str]:
    """It runs as a number that is not root's."""
    user = container["Config"]["User"]
    if not re.fullmatch(r"[1-9][0-9]*(:[0-9]+)?", user):
        yield f"it runs as {user or 'root'}"


def environment(container: Inspection) -> Iterator[str]:
    """No variable holds a secret; those that end in _FILE name a file."""
    for pair in container["Config"]["Env"] or ():
        name, _, value = pair.partition("=")
        if looks_like_secret(name) and value:
            yield f"{name} is in the environment"


# Check -> what judges it.
CHECKS: Mapping[str, Rule] = {
    "audit/ports": loopback,
    "audit/privileges": privileges,
    "audit/kernel": kernel,
    "audit/namespaces": namespaces,
    "audit/network": network,
    "audit/mounts": mounts,
    "audit/temporary": tmpfs,
    "audit/limits": limits,
    "audit/identity": identity,
    "audit/environment": environment,
}


def _is_nvidia_request(request: Mapping[str, Any]) -> bool:
    """Say whether a request hands over NVIDIA's GPUs and nothing else, in one of the ways that envkit has."""
    capability_sets = [set(capabilities) for capabilities in request.get("Capabilities") or ()]
    if request.get("Driver") == "cdi":
        device_ids = request.get("DeviceIDs") or ()
        return bool(device_ids) and all(str(device_id).startswith("nvidia.com/gpu=") for device_id in device_ids)
    return (
        request.get("Driver") in {"", None, "nvidia"}
        and bool(capability_sets)
        and all(
            capabilities & {"gpu", "nvidia"} and capabilities <= GPU_CAPABILITIES for capabilities in capability_sets
        )
    )


def _networks(container: Inspection) -> dict[str, Any]:
    return dict(container["NetworkSettings"]["Networks"] or {})
