"""Complete sample values for tests, each with optional changes."""

from __future__ import annotations

from typing import Any

from envkit.model.facts import Account, Facts, HostResources
from envkit.model.image import Base, ImagePlan
from envkit.model.release import Bound, Release, Suite

PROJECT = "/home/ada/vision"


def facts(**changes: Any) -> Facts:
    """Return facts of a host without GPU, keys, proxies and configuration files, with changes."""
    defaults: dict[str, Any] = {
        "caller": Account(1000, 1000),
        "sudo_caller": None,
        "workspace": PROJECT,
        "workspace_owner": Account(1000, 1000),
        "home": "/home/ada",
        "homes": ("/home/ada",),
        "config_files": {},
        "resources": HostResources(8, 32_000, "amd64"),
        "state": "/home/ada/.local/state/envkit/local/vision-1",
    }
    return Facts(**{**defaults, **changes})


def suite(**changes: Any) -> Suite:
    """Return bookworm with changes."""
    defaults: dict[str, Any] = {
        "name": "bookworm",
        "python": "3.11",
        "openssh": "9.2",
        "kex": ("sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org"),
        "security_until": "2028-06-30",
    }
    return Suite(**{**defaults, **changes})


def release(**changes: Any) -> Release:
    """Return TensorFlow 2.9.0 on a Python from bullseye, with changes."""
    defaults: dict[str, Any] = {
        "version": "2.9.0",
        "package_cpu": "tensorflow-cpu==2.9.0",
        "package_gpu": "tensorflow==2.9.0",
        "python_min": "3.7",
        "python_max": "3.10",
        "cuda": "11.2",
        "cudnn": "8.1",
        "driver_min": "450.80.02",
        "compute_capabilities": ("sm_35", "sm_50", "sm_60", "sm_70", "sm_75"),
        "ptx": "compute_80",
        "wheels_gpu": ("nvidia-cudnn-cu11==8.7.0.84",),
        "extra_packages": (),
        "libraries": ("libcudart.so.11.0", "libcudnn.so.8"),
        "bounds": (
            Bound("protobuf", ">=3.19.6,<3.20", "protobuf 4 stops the import of TensorFlow 2.9"),
            Bound("numpy", ">=1.20,<1.24", "numpy 1.24 dropped np.object"),
            Bound("setuptools", "<82", "TensorBoard 2.9 imports pkg_resources, which setuptools 82 dropped"),
        ),
        "official_tag": "2.9.0-jupyter",
        "official_tag_gpu": "2.9.0-gpu-jupyter",
        "image_issue": "",
        "suite": "bookworm",
        "python_suite": "bullseye",
        "python": "3.9",
        "proven": True,
        "sources": (),
    }
    return Release(**{**defaults, **changes})


def image_plan(**changes: Any) -> ImagePlan:
    """Return the plan of TensorFlow 2.9.0 without a GPU on bookworm, with changes."""
    defaults: dict[str, Any] = {
        "base": Base("debian", "envkit-base:bookworm", "", ""),
        "suite": suite(),
        "release": release(),
    }
    return ImagePlan(**{**defaults, **changes})
