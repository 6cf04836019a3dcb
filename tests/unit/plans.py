"""Small whole plans to vary in tests: a Release, a Suite and an ImagePlan that were written by hand."""

from __future__ import annotations

from typing import Any

from envkit.model.image import Base, ImagePlan
from envkit.model.release import Bound, Release, Suite


def suite(**changes: Any) -> Suite:
    """Bookworm, with changes."""
    given: dict[str, Any] = {
        "name": "bookworm",
        "python": "3.11",
        "openssh": "9.2",
        "kex": ("sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org"),
        "security_until": "2028-06-30",
    }
    return Suite(**{**given, **changes})


def release(**changes: Any) -> Release:
    """TensorFlow 2.9.0 on a Python that bullseye lends, with changes."""
    given: dict[str, Any] = {
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
        "also": (),
        "libraries": ("libcudart.so.11.0", "libcudnn.so.8"),
        "bounds": (
            Bound("protobuf", ">=3.19.6,<3.20", "protobuf 4 stops the import of TensorFlow 2.9"),
            Bound("numpy", ">=1.20,<1.24", "numpy 1.24 dropped np.object"),
            Bound("setuptools", "<82", "TensorBoard 2.9 imports pkg_resources, which setuptools 82 dropped"),
        ),
        "official_tag": "2.9.0-jupyter",
        "official_tag_gpu": "2.9.0-gpu-jupyter",
        "known_broken": "",
        "suite": "bookworm",
        "python_suite": "bullseye",
        "python": "3.9",
        "proven": True,
        "sources": (),
    }
    return Release(**{**given, **changes})


def image_plan(**changes: Any) -> ImagePlan:
    """TensorFlow 2.9.0 without a GPU on bookworm, with changes."""
    given: dict[str, Any] = {
        "base": Base("debian", "envkit-base:bookworm", "", ""),
        "suite": suite(),
        "release": release(),
    }
    return ImagePlan(**{**given, **changes})
