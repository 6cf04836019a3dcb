"""Recognize GPU errors of engines and NVIDIA's toolkit by their messages, and tell them from similar ones.

The messages were reported by users or produced by an engine; each belongs to a row of the failure table.
"""

from __future__ import annotations

import pytest

from envkit.checks.gpu.engine_errors import GPU_ERRORS, find_error

CLI = "OCI runtime create failed: container_linux.go:380: nvidia-container-cli: "
# Row of the failure table -> message, its pattern, part of the hint; and a similar message with its pattern.
ROWS: dict[str, tuple[str, str, str, str, str]] = {
    "5": (
        'could not select device driver "" with capabilities: [[gpu]]',
        "hook-missing",
        "nvidia-container-toolkit",
        'could not select device driver "cdi" with capabilities: []',
        "engine-without-cdi",
    ),
    "6": (
        'could not select device driver "nvidia" with capabilities: [[gpu]]',
        "hook-missing",
        "nvidia-ctk runtime",
        'could not select device driver "amd" with capabilities: [[gpu]]',
        "unknown",
    ),
    "7": (
        'could not select device driver "cdi" with capabilities: []',
        "engine-without-cdi",
        '"features"',
        "failed to discover GPU vendor from CDI: no known GPU vendor found",
        "no-spec",
    ),
    "8": (
        "failed to discover GPU vendor from CDI: no known GPU vendor found",
        "no-spec",
        "--mode=wsl",
        "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
        "stale-spec",
    ),
    "9": (
        "Unknown runtime specified nvidia",
        "runtime-missing",
        "nvidia-ctk runtime configure",
        "Unknown runtime specified kata",
        "",
    ),
    "9, newer": (
        "unknown or invalid runtime name: nvidia",
        "runtime-missing",
        "nvidia-ctk runtime configure",
        "unknown or invalid runtime name: runsc",
        "",
    ),
    "10": (
        "cannot set both Count and DeviceIDs on device request",
        "request-contradicts",
        "device_ids",
        "cannot set both Memory and MemorySwap",
        "",
    ),
    "11": (
        'error gathering device information while adding custom device "/dev/nvidia0": no such file or directory',
        "node-missing",
        "nvidia-modprobe",
        'error gathering device information while adding custom device "/dev/fuse": no such file or directory',
        "",
    ),
    "12": (
        "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
        "stale-spec",
        "nvidia-cdi-refresh",
        "CDI device injection failed: failed to inject devices",
        "unknown",
    ),
    "13": (
        "stat nvidia.com/gpu=0: no such file or directory",
        "podman-without-cdi",
        "4.1",
        "stat /srv/gpu=0: no such file or directory",
        "",
    ),
    "14": (
        f"{CLI}initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file",
        "engine-in-snap",
        "docker context use default",
        f"{CLI}initialization error: load library failed: libfoo.so.1: cannot open shared object file",
        "unknown",
    ),
    "15": (
        f"{CLI}initialization error: nvml error: driver not loaded",
        "driver-not-loaded",
        "modprobe nvidia",
        f"{CLI}initialization error: nvml error: insufficient permissions",
        "driver-forbidden",
    ),
    "16": (
        f"{CLI}initialization error: driver error: failed to process request",
        "driver-fails",
        "nvidia_uvm",
        f"{CLI}initialization error: driver error: timed out",
        "driver-slow",
    ),
    "16, cuda": (
        f"{CLI}initialization error: cuda error: unknown error",
        "driver-fails",
        "nvidia_uvm",
        f"{CLI}initialization error: nvml error: driver not loaded",
        "driver-not-loaded",
    ),
    "17": (
        f"{CLI}requirement error: unsatisfied condition: cuda>=11.2, please update your driver to a newer version",
        "driver-too-old",
        "NVIDIA_DISABLE_REQUIRE",
        f"{CLI}requirement error: unsatisfied condition: arch>=7.0",
        "gpu-too-old",
    ),
    "18": (
        f"{CLI}mount error: failed to add device rules: unable to find any existing device: bpf_prog_query failed",
        "rootless",
        "no-cgroups",
        f"{CLI}mount error: failed to add device rules: write error",
        "unknown",
    ),
    "19": (
        f"{CLI}device error: 7: unknown device",
        "unknown-device",
        "nvidia-smi -L",
        f"{CLI}device error: 7: device busy",
        "unknown",
    ),
    "20": (
        f"{CLI}ldcache error: process /sbin/ldconfig.real failed with error code: 1",
        "ldconfig",
        "config.toml",
        f"{CLI}ldcache error: open failed: /etc/ld.so.cache",
        "unknown",
    ),
    "21": (
        f"{CLI}initialization error: WSL environment detected but no adapters were found",
        "wsl-no-adapter",
        "528.33",
        f"{CLI}initialization error: WSL environment detected",
        "unknown",
    ),
    "22": (
        "invoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported",
        "mode",
        "mode=auto",
        "invoking the hook directly is not supported",
        "",
    ),
    "45": (
        f"{CLI}initialization error: nvml error: driver/library version mismatch: unknown",
        "driver-mismatch",
        "sudo reboot",
        f"{CLI}initialization error: nvml error: insufficient external power",
        "unknown",
    ),
    "46": (
        f"{CLI}mount error: file creation failed: /x/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists",
        "driver-in-image",
        "remove the named file in the image",
        f"{CLI}mount error: mount operation failed: /x/proc/driver/nvidia/params: no such file or directory",
        "mount-failed",
    ),
    "47": (
        f"{CLI}initialization error: driver rpc error: timed out: unknown",
        "driver-slow",
        "nvidia-persistenced",
        f"{CLI}initialization error: driver rpc error: failed to process request: unknown",
        "driver-fails",
    ),
    "48": (
        'exec: "nvidia-container-runtime": executable file not found in $PATH: unknown',
        "toolkit-program-missing",
        "nvidia-container-toolkit",
        'exec: "kata-runtime": executable file not found in $PATH: unknown',
        "",
    ),
    "48, hook of CDI": (
        "error running createContainer hook #0: fork/exec /usr/bin/nvidia-cdi-hook: no such file or directory",
        "toolkit-program-missing",
        "nvidia-ctk cdi generate",
        "error running createContainer hook #0: fork/exec /usr/bin/other-hook: no such file or directory",
        "",
    ),
    "48, runtime fails": (
        "open log.json: no such file or directory): nvidia-container-runtime did not terminate successfully: unknown",
        "runtime-failed",
        "nvidia-container-runtime --version",
        "open log.json: no such file or directory): runc did not terminate successfully: unknown",
        "",
    ),
    "12, driver updated": (
        "failed to fulfil mount request: open /usr/lib/libnvidia-gtk3.so.610.43.03: no such file or directory",
        "stale-spec",
        "nvidia-ctk cdi generate",
        "failed to fulfil mount request: open /srv/data/file.so.1: no such file or directory",
        "",
    ),
    "12, device removed": (
        'failed to inject devices: failed to stat CDI host device "/dev/dri/renderD129": no such file or directory',
        "stale-spec",
        "nvidia-ctk cdi generate",
        'failed to inject devices: failed to stat CDI host device "/dev/nvidia0": no such file or directory',
        "node-missing",
    ),
    "12, podman": (
        "crun: cannot stat `/usr/lib64/libEGL_nvidia.so.565.57.01`: No such file or directory",
        "stale-spec",
        "nvidia-cdi-refresh",
        "crun: cannot stat `/usr/lib64/libfoo.so.5`: No such file or directory",
        "",
    ),
    "12, specification of WSL": (
        'failed to stat CDI host device "/dev/dxg": no such file or directory',
        "wsl-device-missing",
        "on Linux: sudo nvidia-ctk cdi generate",
        "failed to create device CDI specs: failed to initialize NVML: Driver Not Loaded",
        "driver-not-loaded",
    ),
    "49": (
        f"{CLI}initialization error: nvml error: insufficient permissions: unknown",
        "driver-forbidden",
        "ausearch",
        f"{CLI}permission error: capability change failed: operation not permitted",
        "nested-container",
    ),
    "50": (
        f"{CLI}detection error: nvml error: gpu is lost: unknown",
        "gpu-lost",
        "sudo reboot",
        f"{CLI}detection error: nvml error: unknown error: unknown",
        "driver-fails",
    ),
    "51": (
        f"{CLI}initialization error: cuda error: os call failed or operation not supported on this os: unknown",
        "operating-system-call",
        "nvidia_uvm",
        f"{CLI}initialization error: cuda error: system not yet initialized: unknown",
        "fabric-manager",
    ),
    "51, fabric manager": (
        f"{CLI}initialization error: cuda error: system not yet initialized: unknown",
        "fabric-manager",
        "nvidia-fabricmanager",
        f"{CLI}initialization error: cuda error: uncorrectable ecc error encountered: unknown",
        "unknown",
    ),
    "20, killed": (
        f"{CLI}ldcache error: process /sbin/ldconfig terminated with signal 9: unknown",
        "ldconfig",
        "1.18",
        f"{CLI}ldcache error: open failed: /etc/ld.so.cache: no such file or directory",
        "unknown",
    ),
    "17, GPU": (
        f"{CLI}requirement error: unsatisfied condition: arch>=7.0",
        "gpu-too-old",
        "newer GPU",
        f"{CLI}requirement error: unsatisfied condition: brand = tesla",
        "driver-too-old",
    ),
    "14, other library": (
        f"{CLI}initialization error: load library failed: libcuda.so.1: cannot open shared object file",
        "driver-incomplete",
        "libcuda1",
        f"{CLI}initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file",
        "engine-in-snap",
    ),
    "18, first control groups": (
        f"{CLI}container error: cgroup subsystem devices not found: unknown",
        "old-toolkit-cgroup",
        "--only-upgrade",
        f"{CLI}mount error: write error: /sys/fs/cgroup/devices/user.slice/devices.allow: operation not permitted",
        "rootless",
    ),
    "52": (
        f"{CLI}initialization error: privilege change failed: operation not permitted: unknown",
        "nested-container",
        "config.toml",
        f"{CLI}container error: failed to get device cgroup mount path: no cgroup filesystem mounted for devices",
        "old-toolkit-cgroup",
    ),
    "53": (
        "insufficient privileges to read device list from NVIDIA_VISIBLE_DEVICES envvar",
        "list-forbidden",
        "accept-nvidia-visible-devices-envvar-when-unprivileged",
        "insufficient privileges to read /etc/passwd",
        "",
    ),
    "54": (
        f"{CLI}mount error: file creation failed: /x/merged/usr/bin/nvidia-smi: read-only file system: unknown",
        "mount-failed",
        "nvidia-ctk cdi generate",
        f"{CLI}mount error: file creation failed: /x/merged/usr/bin/nvidia-smi: file exists: unknown",
        "driver-in-image",
    ),
}


def find_name(message: str) -> str:
    refusal = find_error(message)
    return refusal.name if refusal else ""


@pytest.mark.proves("an engine's refusal of a GPU is explained with a hint", "quoted")
def test_each_gpu_error_is_recognized_with_its_hint() -> None:
    for row, (message, name, hint, near_miss, other_name) in ROWS.items():
        refusal = find_error(message)
        assert refusal is not None, row
        assert refusal.name == name, row
        assert hint in refusal.hint, row
        assert refusal.cause, row
        assert find_name(near_miss) == other_name, row
        assert other_name != name, row


def test_every_gpu_error_has_a_row() -> None:
    assert {find_name(message) for message, *_ in ROWS.values()} | {"unknown"} == GPU_ERRORS.keys()


def test_only_a_missing_configuration_restarts_the_engine() -> None:
    restarting = {name for name, pattern in GPU_ERRORS.items() if "restart docker" in pattern.hint}
    assert restarting == {"engine-without-cdi", "hook-missing", "runtime-missing"}


def test_the_driver_that_suffices_depends_on_the_cuda_release() -> None:
    for required, driver in (("11.2", "450.80.02"), ("12.8", "525.60.13"), ("13.0", "580.65.06")):
        refusal = find_error(f"{CLI}requirement error: unsatisfied condition: cuda>={required}, please update")
        assert refusal is not None
        assert f"from driver {driver} on" in refusal.hint
    refusal = find_error(f"{CLI}requirement error: unsatisfied condition: cuda>=10.2, please update")
    assert refusal is not None
    assert "NVIDIA_DISABLE_REQUIRE" not in refusal.hint


def test_an_unknown_refusal_shows_the_meaning_of_nvidias_error() -> None:
    for text, cause, hint in (
        ("nvml error: insufficient external power", "power cables", "connect the power cables"),
        ("cuda error: uncorrectable ecc error encountered", "ECC error", "--gpu-reset"),
        ("cuda error: cuda-capable device(s) is/are busy or unavailable", "exclusive", "nvidia-smi -c DEFAULT"),
        ("nvml error: something new", "unknown", "nvidia-container-cli -k"),
    ):
        refusal = find_error(f"{CLI}initialization error: {text}: unknown")
        assert refusal is not None
        assert (refusal.name, cause in refusal.cause, hint in refusal.hint) == ("unknown", True, True), text
