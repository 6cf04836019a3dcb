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
        "host-node-missing",
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
        "driver-library-missing",
        "docker context use default",
        f"{CLI}initialization error: load library failed: libfoo.so.1: cannot open shared object file",
        "unknown",
    ),
    "15": (
        f"{CLI}initialization error: nvml error: driver not loaded",
        "driver-not-loaded",
        "modprobe nvidia",
        f"{CLI}initialization error: nvml error: insufficient permissions",
        "unknown",
    ),
    "16": (
        f"{CLI}initialization error: driver error: failed to process request",
        "driver-fails",
        "nvidia_uvm",
        f"{CLI}initialization error: driver error: timed out",
        "unknown",
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
        f"{CLI}requirement error: unsatisfied condition: brand=tesla",
        "unknown",
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
}


def find_name(message: str) -> str:
    pattern = find_error(message)
    return next((name for name, known in GPU_ERRORS.items() if known is pattern), "")


@pytest.mark.proves("an engine's refusal of a GPU is explained with a hint", "quoted")
def test_each_gpu_error_is_recognized_with_its_hint() -> None:
    for row, (message, name, hint, near_miss, other_name) in ROWS.items():
        pattern = find_error(message)
        assert pattern is not None, row
        assert find_name(message) == name, row
        assert hint in pattern.hint, row
        assert pattern.cause, row
        assert find_name(near_miss) == other_name, row
        assert other_name != name, row


def test_every_gpu_error_has_a_row() -> None:
    assert {find_name(message) for message, *_ in ROWS.values()} | {"unknown"} == GPU_ERRORS.keys()
