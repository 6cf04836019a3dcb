"""Explain an engine's error when it cannot pass a GPU. It answers nearly always with status 500, so the text decides.

The texts are those of Docker, Podman and NVIDIA's container toolkit; tests/unit/test_toolkit.py quotes them in full.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.checks.error_patterns import ErrorPattern, find_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIGURE_TOOLKIT = "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
GENERATE_SPEC = "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
INSTALL_TOOLKIT = "install nvidia-container-toolkit from NVIDIA's package repository"

# In order: texts that name a cause come before general ones.
GPU_ERRORS: Mapping[str, ErrorPattern] = {
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
    "stale-spec": ErrorPattern(
        re.compile(r"unresolvable CDI devices"),
        "the device description (CDI) is missing, unreadable, or older than the GPU's name",
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
    "request-contradicts": ErrorPattern(
        re.compile(r"cannot set both Count and DeviceIDs on device request"),
        "the request contains both GPUs and a number of them",
        "envkit never does that: remove `count` or `device_ids` from the other tool that starts this container",
    ),
    "host-node-missing": ErrorPattern(
        re.compile(r'error gathering device information while adding custom device "/dev/nvidia'),
        "the device node does not exist on the host",
        "sudo nvidia-modprobe -c0 -u",
    ),
    "driver-library-missing": ErrorPattern(
        re.compile(r"load library failed: libnvidia-ml\.so\.1"),
        "the host has no driver libraries; neither has Docker Desktop's virtual machine",
        "install the NVIDIA driver; with Docker Desktop: docker context use default, for the host's own engine",
    ),
    "driver-not-loaded": ErrorPattern(
        re.compile(r"nvml error: driver not loaded"),
        "the NVIDIA kernel module is not loaded on the host",
        "sudo modprobe nvidia; if that fails: sudo reboot",
    ),
    "driver-fails": ErrorPattern(
        re.compile(r"initialization error: (driver error: failed to process request|cuda error: unknown error)"),
        "the driver cannot be initialized; most often its module nvidia_uvm is broken",
        "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm; sudo nvidia-container-cli -k -d /dev/tty info shows "
        "more",
    ),
    "driver-too-old": ErrorPattern(
        re.compile(r"requirement error: unsatisfied condition: cuda>="),
        "the image requires a newer driver than the host's",
        "update the host's driver; from 450.80 on, NVIDIA_DISABLE_REQUIRE=1 lets the image start anyway",
    ),
    "rootless": ErrorPattern(
        re.compile(r"failed to add device rules: .*bpf_prog_query"),
        "a rootless engine may not change device rules",
        "sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place; or pass GPUs by CDI",
    ),
    "unknown-device": ErrorPattern(
        re.compile(r"device error: \S+: unknown device"),
        "there is no GPU with that index or name",
        "nvidia-smi -L lists the GPUs; MIG instances are named MIG-UUID",
    ),
    "ldconfig": ErrorPattern(
        re.compile(r"ldcache error: process \S+ failed with error code"),
        "the toolkit runs the host's ldconfig in the container, where it fails",
        "correct ldconfig= in /etc/nvidia-container-runtime/config.toml; or pass GPUs by CDI",
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
    "unknown": ErrorPattern(
        re.compile(r"nvidia-container-cli|CDI device|could not select device driver"),
        "unknown: the engine reports nothing else",
        f"{CONFIGURE_TOOLKIT}; for CDI {GENERATE_SPEC}",
    ),
}


def find_error(text: str) -> ErrorPattern | None:
    """Find the pattern of an engine's GPU error; None if its message is about something else."""
    return find_pattern(text, GPU_ERRORS.values())
