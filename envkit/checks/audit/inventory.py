"""Judge what a container holds: mounts, processes, listening sockets, files with privileges. Pure.

The inventory is made by a user whom the workspace cannot trace, with programs of the image; see `guest.inventory`.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envkit import naming
from envkit.checks import observations as obs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envkit.model.report import Observation

    Values = Mapping[str, Any]

# Mounts of every container, made by the engine. Those of a GPU's driver have many names.
ENGINE_TARGETS = frozenset(
    {"/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/usr/sbin/docker-init", "/sbin/docker-init"}
)
KERNEL_FOLDERS = ("/proc", "/sys", "/dev")
READ_ONLY_KERNEL = ("/sys", "/proc/sys")
SYSTEM_FOLDERS = ("/etc", "/opt", "/usr", "/bin", "/sbin", "/lib", "/run", *KERNEL_FOLDERS)
GPU_FOLDERS = ("/proc/driver/nvidia",)
KERNEL_TYPES = frozenset(
    {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "devtmpfs", "fuse.lxcfs", "securityfs"}
)
EMBEDDED_RESOLVER = "127.0.0.11"  # of Docker, in every network but the default one
NO_CAPABILITIES = "0" * 16
WRITABLE = "can be written by"
SERVER_COMMAND = "/opt/jupyter/bin/python -I /opt/envkit/serve.py --config=/etc/envkit/jupyter_server_config.py"
SSHD_COMMANDS = (
    f"/usr/sbin/sshd -D -e -f /etc/envkit/sshd_config -p {naming.SSH_PORT}",
    "/usr/sbin/sshd -i -f /etc/envkit/sshd_config",
)
SSHD_TITLE, LISTENER_TITLE = "sshd: ", " [listener]"  # sshd changes its command line
NAMES = ("files", "mounts", "processes", "network", "gateway")


def unknown_reason(observations: Sequence[Observation]) -> str:
    """Return why the inventory is incomplete, or an empty string."""
    for name in NAMES:
        observation = obs.last(observations, f"inventory.{name}")
        if observation is None:
            ended = obs.data(observations, "inventory.ended")
            return f"the inventory of {name} was not finished{': ' + obs.text(ended, 'by') if ended else ''}"
        if error := obs.error(observation.data):
            return f"the inventory of {name} failed: {error}"
    return ""


def find_differences(observations: Sequence[Observation], planned: Values, actual: Values) -> Iterator[tuple[str, str]]:
    """Yield the check and the fault of each difference.

    Args:
        observations: Results of the inventory.
        planned: Inspection of a container that envkit would create.
        actual: Inspection of the running container.
    """
    data = {name: obs.data(observations, f"inventory.{name}") for name in NAMES}
    for text in obs.texts(data["files"], "rights"):
        if WRITABLE in text and _is_below(text.split(" ", 1)[0], SYSTEM_FOLDERS):
            yield "audit/tampering", text
    for path in obs.texts(data["files"], "leaks"):
        yield "audit/secrets", f"{path} of the image holds the token"
        yield "audit/traces", f"the token is in {path} of the image"
    yield from _compare_mounts(obs.tables(data["mounts"], "mounts"), planned, actual)
    yield from _compare_processes(obs.tables(data["processes"], "processes"), planned)
    for listener in obs.tables(data["network"], "listeners"):
        yield from _judge_listener(listener)
    yield from _compare_names(data["network"], planned)
    for address in obs.texts(data["gateway"], "engines"):
        yield "audit/escapes", f"container code can use a container engine at {address}"


def _compare_mounts(mounts: Sequence[Values], planned: Values, actual: Values) -> Iterator[tuple[str, str]]:
    """Yield what the kernel mounts otherwise than the engine reports, such as after a change while it runs."""
    found = {obs.text(mount, "target"): mount for mount in mounts}
    if not found:
        return
    is_gpu_planned = has_gpu(planned)
    reported = {obs.text(mount, "Destination").rstrip("/") for mount in obs.tables(actual, "Mounts")}
    for mount in obs.tables(planned, "Mounts"):
        target = obs.text(mount, "Destination").rstrip("/")
        if target in reported:
            yield from _compare_mount(target, mount, found.get(target))
    for target in READ_ONLY_KERNEL:
        if target not in found or "ro" not in _options(found[target]):
            yield "audit/kernel", f"{target} is not read-only"
    known = {*reported, *obs.table(obs.table(actual, "HostConfig"), "Tmpfs"), *ENGINE_TARGETS}
    for target, mount in sorted(found.items()):
        if target in known or (is_gpu_planned and ("ro" in _options(mount) or "nvidia" in target)):
            continue
        if not _is_below(target, KERNEL_FOLDERS) or _is_foreign(mount):
            fault = f"{obs.text(mount, 'source')} was mounted at {target} while the container runs"
            yield "audit/mounts", fault
            if _is_below(target, SYSTEM_FOLDERS):
                yield "audit/tampering", fault


def _compare_mount(target: str, planned: Values, mount: Values | None) -> Iterator[tuple[str, str]]:
    source = obs.text(planned, "Source")
    checks = ("audit/mounts",) if planned.get("RW") else ("audit/mounts", "audit/tampering")
    if mount is None:
        reason = f"{target} is no longer mounted: its file was replaced, so container code can write the new one"
        yield from ((check_id, reason) for check_id in checks)
        return
    root = obs.text(mount, "source")
    if root.endswith("//deleted"):
        yield from ((check_id, f"{target} shows a deleted file of {source}") for check_id in checks)
    elif root != "/" and not source.endswith(root) and not root.endswith(source):
        yield from ((check_id, f"{target} shows {root}, planned {source}") for check_id in checks)
    if not planned.get("RW") and "ro" not in _options(mount):
        yield from ((check_id, f"{target} is writable, planned read-only") for check_id in checks)


def _is_foreign(mount: Values) -> bool:
    """Return whether a mount below the kernel's folders shows a file system of the host."""
    return obs.text(mount, "type") not in KERNEL_TYPES and not _is_below(obs.text(mount, "target"), GPU_FOLDERS)


def _options(mount: Values) -> set[str]:
    return set(obs.text(mount, "options").split(","))


def has_gpu(planned: Values) -> bool:
    """Return whether a container has GPUs, whose driver the engine mounts."""
    settings = obs.table(planned, "HostConfig")
    return bool(settings.get("DeviceRequests")) or settings.get("Runtime") == "nvidia"


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def _compare_processes(processes: Sequence[Values], planned: Values) -> Iterator[tuple[str, str]]:
    uid, _, _ = obs.text(obs.table(planned, "Config"), "User").partition(":")
    for process in processes:
        command, pid = obs.text(process, "command")[:80], process.get("pid")
        label = f"the process {pid} ({command})"
        if set(obs.text(process, "Uid").split()) - {uid}:
            yield "audit/capabilities", f"{label} runs as the user {obs.text(process, 'Uid').split()[0]}"
        for name in ("CapEff", "CapPrm", "CapBnd"):
            if obs.text(process, name) not in {"", NO_CAPABILITIES}:
                yield "audit/capabilities", f"{label} has capabilities: {name} is {obs.text(process, name)}"
        if obs.text(process, "NoNewPrivs") not in {"", "1"}:
            yield "audit/capabilities", f"{label} may gain privileges"
        if obs.text(process, "Seccomp") not in {"", "2"}:
            yield "audit/capabilities", f"the system calls of {label} are not filtered"
        yield from _judge_server(obs.text(process, "command"), label)


def _judge_server(command: str, label: str) -> Iterator[tuple[str, str]]:
    """Yield the fault of a server that runs with other arguments than planned."""
    text = command.removeprefix(SSHD_TITLE).partition(LISTENER_TITLE)[0]
    program, *arguments = text.split(" ")
    is_test = {"-T", "-t"} & set(arguments)  # checks its settings and ends
    if program.endswith("/sshd") and not is_test and text not in SSHD_COMMANDS:
        yield "audit/tampering", f"{label} is an SSH server that envkit did not start"
    if "/opt/envkit/serve.py" in command and command != SERVER_COMMAND:
        yield "audit/tampering", f"{label} is JupyterLab with other options than planned"


def _judge_listener(listener: Values) -> Iterator[tuple[str, str]]:
    port, protocol, answer = listener.get("port"), obs.text(listener, "protocol"), obs.text(listener, "says")
    fault = f"a program listens on {obs.text(listener, 'address')}:{port} ({protocol}), which is not planned"
    yield "audit/neighbours", fault + (f"; it answers {answer}" if answer else "")
    if answer == "TensorBoard":
        yield "audit/tensorboard-anonymous", f"TensorBoard without a login listens on port {port}"
    elif protocol.startswith("tcp") and not answer.startswith(("HTTP/", "SSH-")):
        yield "audit/escapes", f"{fault}, and may be a shell"


def _compare_names(network: Values, planned: Values) -> Iterator[tuple[str, str]]:
    if obs.text(obs.table(planned, "HostConfig"), "NetworkMode") == "none":
        return
    for line in obs.texts(network, "resolver"):
        keyword, _, value = line.partition(" ")
        if keyword == "nameserver" and value.strip() != EMBEDDED_RESOLVER:
            yield "audit/network", f"the name server {value.strip()} is not the engine's"
    for line in obs.texts(network, "hosts"):
        address, *names = line.split()
        own_name = obs.text(obs.table(planned, "Config"), "Hostname")
        if not address.startswith(("127.", "::1", "fe00:", "ff00:", "ff02:")) and names != [own_name]:
            yield "audit/network", f"/etc/hosts leads {', '.join(names)} to {address}"
