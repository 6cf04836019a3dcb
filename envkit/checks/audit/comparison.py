"""Compare the engine's inspection of a container with that of one that envkit would create. Pure.

Both come from the same engine, so its defaults are equal, and every other difference is a finding, even if no attack is
known for it. Faults name the setting, its value and the planned one; values of variables are never shown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from envkit.checks import observations as obs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Values = Mapping[str, Any]

VALUE_LENGTH_MAX = 160
PLAN = "audit/plan"
# Check -> the settings of `HostConfig` and `Config` that belong to it; others belong to PLAN.
CHECK_PATTERNS: Mapping[str, str] = {
    "audit/ports": r"PortBindings|PublishAllPorts|ExposedPorts",
    "audit/privileges": r"Privileged|Cap\w+|Capabilities|SecurityOpt|AppArmorProfile|SELinux\w*|Runtime",
    "audit/kernel": r"ReadonlyRootfs|MaskedPaths|ReadonlyPaths|Sysctls",
    "audit/namespaces": (
        r"(?:Pid|Ipc|UTS|Userns|Cgroupns)Mode|Cgroup|CgroupParent|Devices?|DeviceCgroupRules|DeviceRequests|"
        r"VolumesFrom|Links|GroupAdd|Isolation"
    ),
    "audit/network": r"NetworkMode|Dns\w*|ExtraHosts|Network\w*|MacAddress|Hostname|Domainname",
    "audit/mounts": r"VolumeDriver",
    "audit/temporary": r"Tmpfs",
    "audit/limits": (
        r"(?:Kernel)?Memory\w*|Cpu\w*|NanoCpus|CPU\w*|IO\w*|Blkio\w*|PidsLimit|ShmSize|Ulimits|LogConfig|"
        r"RestartPolicy|Oom\w*|Healthcheck|StorageOpt|Stop\w+|AutoRemove|DiskQuota"
    ),
    "audit/identity": r"User",
}
# Not settings, or compared on their own: labels, mounts by their targets, and the name of the image.
IGNORED = frozenset({"Labels", "Image", "Mounts", "Binds", "Volumes", "ConsoleSize", "ContainerIDFile"})
# Settings of an interactive client, which only matter while it is attached.
IGNORED_CONFIG = frozenset({"AttachStdin", "AttachStdout", "AttachStderr", "ArgsEscaped", "OnBuild", "Shell"})
ENVKIT_LABEL, COMPOSE_LABEL = "envkit.", "com.docker.compose."
PORT_LABELS = ("envkit.port", "envkit.ssh-port")


def compare_containers(planned: Values, actual: Values) -> Iterator[tuple[str, str]]:
    """Yield the check and the fault of each difference between two inspections.

    Args:
        planned: Inspection of a container that envkit would create.
        actual: Inspection of the running container.
    """
    for section in ("Config", "HostConfig"):
        for name, expected, value in _differences(obs.table(planned, section), obs.table(actual, section)):
            if name not in IGNORED | IGNORED_CONFIG:
                yield from _describe(name, expected, value)
    planned_profile, profile = planned.get("AppArmorProfile"), actual.get("AppArmorProfile")
    if profile not in {planned_profile, "", None, "docker-default"}:
        yield "audit/privileges", _fault("AppArmorProfile", planned_profile or "docker-default", profile)
    for name in ("Path", "Args"):
        if not _equal(planned.get(name), actual.get(name)):
            yield PLAN, _fault(name, planned.get(name), actual.get(name))
    yield from _compare_mounts(planned, actual)
    yield from _compare_networks(planned, actual)


def compare_labels(planned: Values, actual: Values) -> Iterator[tuple[str, str]]:
    """Yield the faults of labels: envkit finds its containers by them, and programs such as proxies publish by them."""
    for name in sorted({*planned, *actual}):
        if planned.get(name) == actual.get(name) or name.startswith(COMPOSE_LABEL):
            continue
        check_id = "audit/ports" if name in PORT_LABELS or not name.startswith(ENVKIT_LABEL) else PLAN
        yield check_id, _fault(f"the label {name}", planned.get(name), actual.get(name))


def check_of(setting: str) -> str:
    """Return the check that a setting belongs to."""
    return next((check_id for check_id, pattern in CHECK_PATTERNS.items() if re.fullmatch(pattern, setting)), PLAN)


def _describe(name: str, expected: Any, value: Any) -> Iterator[tuple[str, str]]:
    if name != "Env":
        yield check_of(name), _fault(name, expected, value)
        return
    planned_variables, variables = _variables(expected), _variables(value)
    for variable in sorted({*planned_variables, *variables}):
        if planned_variables.get(variable) != variables.get(variable):
            yield "audit/environment", f"the variable {variable} {_change(variable, planned_variables, variables)}"


def _change(name: str, planned: Values, actual: Values) -> str:
    if name not in actual:
        return "is missing"
    return "has another value than planned" if name in planned else "is not planned"


def _variables(pairs: Any) -> dict[str, str]:
    texts = [pair for pair in pairs or () if isinstance(pair, str)]
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def unplanned_variables(planned: Values, actual: Values) -> dict[str, str]:
    """Return the variables of a container that are not planned, with their values."""
    expected = _variables(obs.table(planned, "Config").get("Env"))
    found = _variables(obs.table(actual, "Config").get("Env"))
    return {name: value for name, value in found.items() if expected.get(name) != value}


def _differences(planned: Values, actual: Values) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*planned, *actual}):
        if not _equal(planned.get(name), actual.get(name)):
            yield name, planned.get(name), actual.get(name)


def _equal(first: Any, second: Any) -> bool:
    return bool(_canonical(first) == _canonical(second))


def _canonical(value: Any) -> Any:
    """Return a value without what engines and clients write in different ways: emptiness, and the order of objects."""
    if isinstance(value, dict):
        items = {key: _canonical(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None} or None
    if isinstance(value, list | tuple):
        items_list = [_canonical(item) for item in value]
        if all(isinstance(item, dict) for item in items_list):
            items_list.sort(key=lambda item: json.dumps(item, sort_keys=True))
        return items_list or None
    return None if value in {"", 0} else value


def _fault(name: str, planned: Any, actual: Any) -> str:
    return f"{name} is {_show(actual)}, planned {_show(planned)}"


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    if value in (None, "", [], {}):
        text = "not set"
    return text if len(text) <= VALUE_LENGTH_MAX else f"{text[:VALUE_LENGTH_MAX]}…"


def _compare_mounts(planned: Values, actual: Values) -> Iterator[tuple[str, str]]:
    expected, found = (_mounts_by_target(inspection) for inspection in (planned, actual))
    for target in sorted({*expected, *found}):
        planned_mount, mount = expected.get(target), found.get(target)
        if planned_mount == mount:
            continue
        if mount is None:
            fault = f"{target} is not mounted, planned from {_source(planned_mount)}"
        elif planned_mount is None:
            fault = f"{_source(mount)} is mounted at {target}, which is not planned"
        else:
            fault = f"{target} is mounted from {_source(mount)}, planned from {_source(planned_mount)}"
        yield "audit/mounts", fault
        if _is_protected(target, planned_mount):
            yield "audit/tampering", fault


def _mounts_by_target(inspection: Values) -> dict[str, tuple[object, ...]]:
    fields = ("Type", "Name", "Source", "RW", "Propagation", "Driver")
    return {
        obs.text(mount, "Destination").rstrip("/"): tuple(mount.get(field) for field in fields)
        for mount in obs.tables(inspection, "Mounts")
    }


def _source(mount: tuple[object, ...] | None) -> str:
    if mount is None:
        return "nothing"
    kind, name, source, writable, propagation, _ = mount
    location = f"the volume {name}" if kind == "volume" else f"{source}" if source else str(kind)
    flags = "writable" if writable else "read-only"
    return f"{location} ({flags}{f', {propagation}' if propagation else ''})"


def _is_protected(target: str, planned: tuple[object, ...] | None) -> bool:
    """Return whether a mount covers files that container code must not change, or is one that protects them."""
    is_read_only = planned is not None and not planned[3]
    return is_read_only or target.startswith(("/etc", "/opt", "/usr", "/bin", "/sbin", "/lib", "/run", "/proc", "/sys"))


def _compare_networks(planned: Values, actual: Values) -> Iterator[tuple[str, str]]:
    expected, found = (
        obs.table(obs.table(inspection, "NetworkSettings"), "Networks") for inspection in (planned, actual)
    )
    for name in sorted({*expected, *found}):
        if name not in found:
            yield "audit/network", f"the network {name} is not connected"
        elif name not in expected:
            yield "audit/network", f"the network {name} is connected, which is not planned"
