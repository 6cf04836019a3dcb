"""Compare the `docker inspect` output of a container with that of a hardened one.

Each rule is a function from that output to its faults, in words; no fault means that the check passes.
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

# Write access to one of these, or read access to some, means control of the host.
DENIED_SOURCES = ("/", "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys", "/usr", "/var/lib/docker", "/var/run")
MASKED_PATHS = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"}
READ_ONLY_PATHS = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"}
VOLUME_FILES = ("/etc/passwd", "/etc/group")  # on a remote engine they are stored in a volume
READ_ONLY_TARGETS = ("/etc", "/run/secrets", "/usr", "/opt")
ALLOWED_PORTS = {f"{naming.JUPYTER_PORT}/tcp", f"{naming.SSH_PORT}/tcp"}
GPU_CAPABILITIES = frozenset({"gpu", "nvidia", "compute", "utility", "video", "graphics", "display", "compat32", "ngx"})


def loopback(container: Inspection) -> Iterator[str]:
    """Check that only JupyterLab's and the SSH server's ports are published, and only on loopback."""
    for port, bindings in (container["HostConfig"]["PortBindings"] or {}).items():
        if port not in ALLOWED_PORTS:
            yield f"{port} is published"
        for binding in bindings or ():
            if not binding["HostIp"] or not ipaddress.ip_address(binding["HostIp"]).is_loopback:
                yield f"{port} is published on {binding['HostIp'] or 'every address'}"
    if container["HostConfig"]["PublishAllPorts"]:
        yield "every exposed port is published"


def privileges(container: Inspection) -> Iterator[str]:
    """Check that no privileges are granted, and that none can be gained."""
    host_config = container["HostConfig"]
    if host_config["Privileged"]:
        yield "the container is privileged"
    if host_config["CapDrop"] != ["ALL"] or host_config["CapAdd"]:
        yield f"the container keeps capabilities: dropped {host_config['CapDrop']}, added {host_config['CapAdd']}"
    options = host_config["SecurityOpt"] or []
    if not any(option.startswith("no-new-privileges") and not option.endswith("false") for option in options):
        yield "programs may gain privileges"
    if any("unconfined" in option or "disable" in option for option in options):
        yield f"a protection is off: {options}"


def kernel(container: Inspection) -> Iterator[str]:
    """Check that kernel files are hidden or read-only, and that the root file system is read-only."""
    host_config = container["HostConfig"]
    if host_config["Privileged"]:
        yield "kernel files are neither hidden nor read-only in a privileged container"
    if not host_config["ReadonlyRootfs"]:
        yield "the root file system is writable"
    if missing := MASKED_PATHS - set(host_config["MaskedPaths"] or ()):
        yield f"not hidden: {sorted(missing)}"
    if missing := READ_ONLY_PATHS - set(host_config["ReadonlyPaths"] or ()):
        yield f"not read-only: {sorted(missing)}"


def namespaces(container: Inspection) -> Iterator[str]:
    """Check that nothing is shared with the host or with another container."""
    host_config = container["HostConfig"]
    for name in ("PidMode", "IpcMode", "UTSMode", "NetworkMode", "UsernsMode", "CgroupnsMode"):
        if (
            host_config[name] == "host"
            or host_config[name].startswith("container:")
            or host_config[name] == "shareable"
        ):
            yield f"{name} is {host_config[name]}"
    if host_config["CgroupnsMode"] != "private":
        yield "the host's control groups are visible"
    for name in ("Devices", "DeviceCgroupRules", "VolumesFrom", "Links", "GroupAdd", "ExtraHosts"):
        if host_config[name]:
            yield f"{name} is {host_config[name]}"
    for request in host_config["DeviceRequests"] or ():
        if not _is_nvidia_request(request):
            yield f"DeviceRequests holds {request}"


def network(container: Inspection) -> Iterator[str]:
    """Check that the container has its own network, not the one that containers share by default."""
    if container["HostConfig"]["NetworkMode"] in {"default", "bridge", "host"} or len(_networks(container)) != 1:
        yield f"the container is connected to {sorted(_networks(container))}"


def mounts(container: Inspection) -> Iterator[str]:
    """Check that no host folder or engine socket is mounted, and that envkit's own files are read-only."""
    for mount in container["Mounts"]:
        source, target = str(PurePosixPath(mount["Source"])), mount["Destination"]
        if mount["Type"] == "bind" and (source in DENIED_SOURCES or source.endswith(".sock") or "/.ssh" in source):
            yield f"{source} of the host is mounted at {target}"
        # A file in the engine's own directory: the engine requires rslave, and nothing is ever mounted on such a file.
        is_volume_file = (
            target in VOLUME_FILES and not mount["RW"] and source.endswith(f"/_data{target.removeprefix('/etc')}")
        )
        if mount["Propagation"] not in {"", "rprivate", *(["rslave"] if is_volume_file else [])}:
            yield f"{target} is mounted with {mount['Propagation']}"
        if mount["RW"] and target.startswith(READ_ONLY_TARGETS):
            yield f"{target} is writable"


def tmpfs(container: Inspection) -> Iterator[str]:
    """Check that folders in memory have a maximum size and are mounted with `nodev` and `nosuid`."""
    for target, options in (container["HostConfig"]["Tmpfs"] or {}).items():
        flags = options.split(",")
        if not {"nosuid", "nodev"} <= set(flags) or not any(flag.startswith("size=") for flag in flags):
            yield f"{target} is mounted with {options}"


def limits(container: Inspection) -> Iterator[str]:
    """Check the limits that protect the host: memory, CPUs, processes, log size, restarts."""
    host_config = container["HostConfig"]
    for name in ("Memory", "PidsLimit", "NanoCpus"):
        if not (host_config[name] or 0) > 0:
            yield f"{name} has no limit"
    if not {"max-size", "max-file"} <= set(host_config["LogConfig"]["Config"] or ()):
        yield "the log has no limit"
    if host_config["RestartPolicy"]["Name"] not in {"", "no", "on-failure"}:
        yield f"the restart policy is {host_config['RestartPolicy']['Name']}"
    if not any(ulimit["Name"] == "core" and ulimit["Hard"] == 0 for ulimit in host_config["Ulimits"] or ()):
        yield "core dumps are allowed"
    if not (container["Config"].get("Healthcheck") or {}).get("Test"):
        yield "there is no health check"


def identity(container: Inspection) -> Iterator[str]:
    """Check that the container runs with a numeric user ID other than root's."""
    user = container["Config"]["User"]
    if not re.fullmatch(r"[1-9][0-9]*(:[0-9]+)?", user):
        yield f"the container runs as {user or 'root'}"


def environment(container: Inspection) -> Iterator[str]:
    """Check that no variable holds a secret; variables ending in _FILE name a file."""
    for pair in container["Config"]["Env"] or ():
        name, _, value = pair.partition("=")
        if looks_like_secret(name) and value:
            yield f"the variable {name} holds a secret"


# Check id -> its rule.
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
    """Return whether a device request passes NVIDIA GPUs and nothing else, by one of envkit's methods."""
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
