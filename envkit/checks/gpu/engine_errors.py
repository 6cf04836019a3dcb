"""Explain an engine's error when it cannot pass a GPU. It answers nearly always with status 500, so the text decides.

The texts are those of Docker, Podman, runc and NVIDIA's container toolkit; tests/unit/test_toolkit.py quotes them.
Search the whole text: the words that name the cause often come after hundreds of others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envkit.checks.error_patterns import ErrorPattern
from envkit.checks.gpu import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIGURE_TOOLKIT = "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
GENERATE_SPEC = "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
INSTALL_TOOLKIT = "install nvidia-container-toolkit from NVIDIA's package repository"
INSTALL_COMMAND = "sudo apt-get install --reinstall nvidia-container-toolkit"
UPDATE_DRIVER = (
    "sudo apt-get install --only-upgrade nvidia-driver && sudo reboot (Debian) or sudo ubuntu-drivers install && "
    "sudo reboot (Ubuntu)"
)
SHOW_DRIVER_LOG = "nvidia-smi and sudo dmesg | grep -iE 'nvrm|xid', on the host, show more"
# Oldest driver on which the programs of a CUDA major version run (CUDA Compatibility, minor version compatibility).
CUDA_DRIVERS = {11: "450.80.02", 12: "525.60.13", 13: "580.65.06"}
_CUDA_REQUIREMENT = re.compile(r"unsatisfied condition: cuda\s*>=\s*([0-9]{1,2})(\.[0-9]{1,2})?", re.ASCII)
_NVIDIA_ERROR = re.compile(
    r"(?:(nvml|cuda) error|failed to initialize NVML|failed to init NVML): ([A-Za-z_][A-Za-z0-9_ /.,()-]{0,99})",
    re.ASCII | re.IGNORECASE,
)
# A missing or failing part of the toolkit. The engine names it with or without its folder.
_TOOLKIT_PROGRAM = (
    r"(?:[\w./+-]*/)?nvidia-(?:container-runtime(?:-hook)?(?:\.(?:cdi|legacy))?|container-toolkit|container-cli"
    r"|cdi-hook|ctk)"
)
_DRIVER_FILE = (
    r"[\w./+-]*/(?:lib(?:nvidia|cuda|nvcuvid|nvoptix|(?:EGL|GLX|GLESv\w+|vdpau)_nvidia)[\w.+-]*"
    r"|nvidia-(?:smi|persistenced|cuda-mps-\w+|debugdump)|gsp_\w+\.bin|nvidia_icd\.json|10_nvidia\w*\.json)"
)


@dataclass(frozen=True, slots=True)
class GpuRefusal:
    """Why an engine cannot pass a GPU.

    Attributes:
        name: Key in `GPU_ERRORS`.
        cause: Likely cause.
        hint: Command or change that helps.
    """

    name: str
    cause: str
    hint: str


# In order: texts that name a cause come before general ones.
GPU_ERRORS: Mapping[str, ErrorPattern] = {
    "driver-mismatch": ErrorPattern(
        re.compile(
            r"(?:nvml error|initialize NVML|NVML): (?:driver/library version mismatch|RM has detected|"
            r"ERROR_LIB_RM_VERSION_MISMATCH)|cuda error: system has unsupported display driver",
            re.IGNORECASE,
        ),
        "the host's driver was updated and the old kernel module is still loaded",
        "sudo reboot",
    ),
    "gpu-lost": ErrorPattern(
        re.compile(
            r"(?:nvml error|NVML): (?:gpu is lost|GPU requires re(?:set|start)|ERROR_GPU_IS_LOST)", re.IGNORECASE
        ),
        "a GPU no longer answers: it fell off the bus, or needs a reset",
        f"sudo reboot; {SHOW_DRIVER_LOG}",
    ),
    "driver-not-loaded": ErrorPattern(
        re.compile(r"(?:nvml error|NVML): (?:driver not loaded|ERROR_DRIVER_NOT_LOADED)", re.IGNORECASE),
        "the NVIDIA kernel module is not loaded on the host",
        "sudo modprobe nvidia; if that fails: sudo reboot",
    ),
    "driver-forbidden": ErrorPattern(
        re.compile(r"(?:nvml error|NVML): (?:insufficient permissions|ERROR_NO_PERMISSION)", re.IGNORECASE),
        "SELinux or AppArmor, or the modes of the host's device nodes, deny the toolkit access to the driver",
        "sudo ausearch -m avc -ts recent shows denials of SELinux; ls -l /dev/nvidia* shows the modes, and "
        "sudo chmod a+rw /dev/nvidia* corrects them",
    ),
    "driver-slow": ErrorPattern(
        re.compile(r"driver (?:rpc )?error: timed out"),
        "the driver takes too long to initialize: without a client it unloads the GPUs' state each time",
        "sudo systemctl enable --now nvidia-persistenced, or sudo nvidia-smi -pm 1",
    ),
    "engine-without-cdi": ErrorPattern(
        re.compile(r'could not select device driver "cdi"'),
        "this engine does not support CDI, or it is switched off",
        'set "features": {"cdi": true} in /etc/docker/daemon.json of an engine of 25 or newer; or use the hook: '
        f"{CONFIGURE_TOOLKIT}",
    ),
    "no-spec": ErrorPattern(
        re.compile(r"failed to discover GPU vendor from CDI: no known GPU vendor found"),
        "the engine looks for GPUs by CDI, but no device description was generated",
        f"{INSTALL_TOOLKIT}, then: {GENERATE_SPEC} (on WSL with --mode=wsl)",
    ),
    "node-missing": ErrorPattern(
        re.compile(
            r'(?:failed to stat CDI host device "|error gathering device information while adding custom device "'
            r"|mount error: stat failed: |stat )/dev/nvidia(?:[0-9]+|ctl|-uvm(?:-tools)?|-modeset)\b"
        ),
        "the device node does not exist on the host: its kernel module is not loaded, or created no nodes",
        f"sudo modprobe nvidia && sudo nvidia-modprobe -c0 -u; if a GPU was removed, with CDI also: {GENERATE_SPEC}",
    ),
    "wsl-device-missing": ErrorPattern(
        re.compile(r'CDI host device "/dev/dxg"|adding custom device "/dev/dxg"'),
        "the device description (CDI) is that of WSL, but this system has no /dev/dxg",
        f"on Linux: {GENERATE_SPEC}; on WSL: wsl --update, and an NVIDIA driver for Windows",
    ),
    "stale-spec": ErrorPattern(
        re.compile(
            r"unresolvable CDI devices|failed to stat CDI host device"
            rf"|failed to fulfil mount request: \w+ {_DRIVER_FILE}"
            rf"|error mounting \\*\"{_DRIVER_FILE}"
            rf"|cannot stat [`'\"]?{_DRIVER_FILE}"
            rf"|\b(?:l?stat|statfs|open) {_DRIVER_FILE}: no such file"
        ),
        "the device description (CDI) is missing, unreadable, or older than the driver or the GPUs: it names files or "
        "devices that no longer exist",
        f"sudo systemctl restart nvidia-cdi-refresh; if that service does not exist: {GENERATE_SPEC} && sudo chmod a+r "
        "/etc/cdi/nvidia.yaml",
    ),
    "podman-without-cdi": ErrorPattern(
        re.compile(r"stat nvidia\.com/gpu=\S*: no such file or directory"),
        "this Podman does not support CDI and treats the name as a path",
        "update Podman to 4.1 or newer",
    ),
    "hook-missing": ErrorPattern(
        re.compile(r'could not select device driver "(nvidia)?" with capabilities'),
        "the engine finds no nvidia-container-runtime-hook; Docker from a snap never does",
        f"{INSTALL_TOOLKIT}, then: {CONFIGURE_TOOLKIT}; replace Docker from a snap by the distribution's docker.io",
    ),
    "runtime-missing": ErrorPattern(
        re.compile(r"nknown runtime specified nvidia|unknown or invalid runtime name: nvidia"),
        "the engine has no runtime named nvidia",
        f"{INSTALL_TOOLKIT}, then: {CONFIGURE_TOOLKIT}",
    ),
    "toolkit-program-missing": ErrorPattern(
        re.compile(
            rf"exec: \\*\"{_TOOLKIT_PROGRAM}\\*\": (?:executable file not found|stat |no such file|permission denied)"
            rf"|(?:fork/exec|stat|exec) {_TOOLKIT_PROGRAM}: (?:no such file|permission denied|not a directory)"
            rf"|{_TOOLKIT_PROGRAM}: executable file not found|executable file `?{_TOOLKIT_PROGRAM}`? not found"
        ),
        "a program of NVIDIA's container toolkit is missing: the toolkit was removed or is older than the "
        "configuration, which still names it (/etc/docker/daemon.json or the CDI specification)",
        f"{INSTALL_TOOLKIT}: {INSTALL_COMMAND}; with CDI also: {GENERATE_SPEC}",
    ),
    "request-contradicts": ErrorPattern(
        re.compile(r"cannot set both Count and DeviceIDs on device request"),
        "the request contains both GPUs and a number of them",
        "envkit never does that: remove `count` or `device_ids` from the other tool that starts this container",
    ),
    "driver-in-image": ErrorPattern(
        re.compile(rf"mount error: file creation failed: {_DRIVER_FILE}: file exists"),
        "the image contains a driver library of its own, where the toolkit mounts the host's: it was built with a GPU "
        "runtime, or a package of it installed a driver",
        "remove the named file in the image (its Dockerfile, or the package that installed it), and build it again "
        'without "default-runtime": "nvidia"',
    ),
    "mount-failed": ErrorPattern(
        re.compile(
            r"mount error: (?:mount operation|file creation) failed: \S+: (?:no such file|read-only file system)"
        ),
        "the toolkit cannot mount a file of the driver: the driver changed since the toolkit read it, or the "
        "container's root file system cannot be written",
        "sudo reboot if the driver was updated; otherwise pass GPUs by CDI, which mounts without creating files: "
        f"{GENERATE_SPEC}",
    ),
    "engine-in-snap": ErrorPattern(
        re.compile(r"load library failed: libnvidia-ml\.so\.1"),
        "the toolkit finds no driver library where this engine runs: Docker from a snap and Docker Desktop do not see "
        "the host's; or no driver is installed",
        "nvidia-smi on the host shows whether the driver works there. If so: snap list docker, and replace Docker from "
        "a snap by the distribution's docker.io; with Docker Desktop: docker context use default. If not: install the "
        "NVIDIA driver",
    ),
    "driver-incomplete": ErrorPattern(
        re.compile(r"load library failed: lib(?:cuda\.so\.1|nvidia-\S+|dxcore\.so)"),
        "the host's driver is installed only in part: a library of it is missing",
        "install the driver's compute libraries: sudo apt-get install libcuda1 (Debian) or the libnvidia-compute "
        "package of the driver's version (Ubuntu)",
    ),
    "operating-system-call": ErrorPattern(
        re.compile(r"cuda error: os call failed or operation not supported on this os"),
        "the driver's call into the kernel failed: nvidia_uvm is not loaded or broken, or belongs to another driver",
        "sudo modprobe -r nvidia_uvm; sudo nvidia-modprobe -u -c=0; if that fails: sudo reboot",
    ),
    "fabric-manager": ErrorPattern(
        re.compile(r"cuda error: system not yet initialized"),
        "the Fabric Manager is not running; GPUs that are connected by NVSwitch wait for it",
        "sudo systemctl enable --now nvidia-fabricmanager; its version must be the driver's",
    ),
    "driver-fails": ErrorPattern(
        re.compile(
            r"(?:initialization|detection) error: (?:driver (?:rpc )?error: failed to process request"
            r"|cuda error: unknown error|nvml error: unknown error)"
        ),
        "the driver cannot be initialized; most often its module nvidia_uvm is broken",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm; sudo nvidia-container-cli -k -d /dev/tty info shows "
        "more; if that fails: sudo reboot",
    ),
    "driver-too-old": ErrorPattern(
        re.compile(r"requirement error: unsatisfied condition: (?:cuda|driver|brand)\b"),
        "the image requires a newer driver than the host's",
        UPDATE_DRIVER,
    ),
    "gpu-too-old": ErrorPattern(
        re.compile(r"requirement error: unsatisfied condition: arch\b"),
        "the image requires a newer GPU than the host's",
        "use an image that supports this GPU, or a newer GPU; or envkit up --no-gpu to work on the CPU",
    ),
    "rootless": ErrorPattern(
        re.compile(
            r"failed to add device rules: .*bpf_prog_query"
            r"|devices\.allow: (?:operation not permitted|permission denied)"
            r"|failed to add device rules: .*operation not permitted"
        ),
        "a rootless engine may not change device rules",
        "sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place; or pass GPUs by CDI",
    ),
    "old-toolkit-cgroup": ErrorPattern(
        re.compile(r"container error: (?:cgroup subsystem devices not found|failed to get device cgroup mount path)"),
        "the container toolkit is older than 1.8 and does not know control groups of version 2",
        "sudo apt-get install --only-upgrade nvidia-container-toolkit libnvidia-container1",
    ),
    "nested-container": ErrorPattern(
        re.compile(
            r"(?:initialization error: (?:privilege change|capability change) failed"
            r"|permission error: \S+ change failed|initialization error: change root failed)"
        ),
        "the toolkit lacks the rights to prepare the container: the engine runs in a container itself, or the root in "
        "its configuration does not exist",
        "check root= and user= in /etc/nvidia-container-runtime/config.toml; in LXC pass GPUs by CDI",
    ),
    "unknown-device": ErrorPattern(
        re.compile(r"device error: (?:\S+: unknown device|unknown device id)|(?:invalid|unknown) MIG device"),
        "there is no GPU with that index or name; a MIG instance's name changes when it is created again",
        "nvidia-smi -L lists the GPUs and MIG instances: correct gpu: in envkit.yaml",
    ),
    "list-forbidden": ErrorPattern(
        re.compile(r"insufficient privileges to read device list from NVIDIA_VISIBLE_DEVICES"),
        "the toolkit's configuration forbids unprivileged containers to choose GPUs by NVIDIA_VISIBLE_DEVICES",
        "pass GPUs by CDI, or set accept-nvidia-visible-devices-envvar-when-unprivileged = true in "
        "/etc/nvidia-container-runtime/config.toml",
    ),
    "ldconfig": ErrorPattern(
        re.compile(
            r"ldcache error: process \S+ (?:failed with error code|terminated with signal)"
            r"|failed to update ldcache|error running ldconfig|error updating ldcache"
        ),
        "the toolkit runs the host's ldconfig in the container, where it fails or is killed",
        "update the container toolkit to 1.18 or newer, or pass GPUs by CDI; an own ldconfig= in "
        "/etc/nvidia-container-runtime/config.toml must name the host's",
    ),
    "wsl-no-adapter": ErrorPattern(
        re.compile(r"WSL environment detected but no adapters were found"),
        "WSL sees no NVIDIA adapter: WSL 1, or a Windows driver that is too old",
        "wsl --update, and an NVIDIA driver for Windows of 528.33 or newer",
    ),
    "mode": ErrorPattern(
        re.compile(r"invoking the NVIDIA Container Runtime Hook directly .* is not supported", re.DOTALL),
        "the toolkit's mode differs from the one that the engine uses",
        "sudo nvidia-ctk config --set nvidia-container-runtime.mode=auto --in-place",
    ),
    "runtime-failed": ErrorPattern(
        re.compile(r"nvidia-container-runtime(?:\S*) did not terminate succ?essfully"),
        "NVIDIA's runtime failed before it started the container: it finds no runc, or its configuration is invalid",
        "nvidia-container-runtime --version shows its error; sudo nvidia-ctk config --in-place --set "
        "nvidia-container-runtime.mode=auto rewrites the configuration",
    ),
    "unknown": ErrorPattern(
        re.compile(
            r"nvidia-container-|nvidia-cdi-hook|nvidia-ctk|libnvidia-|/dev/nvidia|nvidia\.com/gpu|CDI device"
            r"|could not select device driver|failed to (?:initialize|init) NVML"
        ),
        "unknown: the engine reports nothing else",
        "sudo nvidia-container-cli -k -d /dev/tty info and nvidia-smi, on the host, show more",
    ),
}


def find_error(text: str) -> GpuRefusal | None:
    """Explain an engine's GPU error; None if its message is about something else."""
    for name, pattern in GPU_ERRORS.items():
        if pattern.regex.search(text):
            return _explain_unknown(text) if name == "unknown" else GpuRefusal(name, pattern.cause, _hint(text, name))
    return None


def _explain_unknown(text: str) -> GpuRefusal:
    """Explain an error that no pattern names by the meaning of NVIDIA's own error, if it contains one."""
    pattern, error = GPU_ERRORS["unknown"], _NVIDIA_ERROR.search(text)
    code = codes.find_text(error[2], nvml=(error[1] or "nvml").lower() == "nvml") if error else None
    if code is None:
        return GpuRefusal("unknown", pattern.cause, pattern.hint)
    return GpuRefusal("unknown", f"{code.meaning} ({code.name})", code.hint or pattern.hint)


def _hint(text: str, name: str) -> str:
    """Return the pattern's hint, with the oldest driver that runs the CUDA release of the image, if it is known."""
    hint = GPU_ERRORS[name].hint
    required = _CUDA_REQUIREMENT.search(text) if name == "driver-too-old" else None
    driver = CUDA_DRIVERS.get(int(required[1])) if required else None
    return f"{hint}; from driver {driver} on, NVIDIA_DISABLE_REQUIRE=1 lets the image start anyway" if driver else hint
