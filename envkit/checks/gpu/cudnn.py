"""Explain a part of cuDNN that cuDNN cannot load: a part of its own, or a CUDA library that it opens by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envkit.sanitize import single_line

if TYPE_CHECKING:
    from envkit.model.release import Release

_MISSING = re.compile(r"Could not load library (libcudnn\S*)\. Error: ([^\s:]+): (.{0,200})")
_MISSING_9 = re.compile(r"Unable to load any of \{(libcudnn[\w.]*)")
# File of CUDA's run-time compiler, by CUDA's version. cuDNN opens libnvrtc.so, without a version.
_NVRTC = {"11.0": "libnvrtc.so.11.0", "11.1": "libnvrtc.so.11.1", "11": "libnvrtc.so.11.2", "12": "libnvrtc.so.12"}
_DAMAGED = re.compile(r"undefined symbol|version|invalid ELF|file too short")


def explain_part(text: str, release: Release | None) -> tuple[str, str]:
    """Return cause and hint of a library that cuDNN cannot load."""
    if nine := _MISSING_9.search(text):
        return _own_part(single_line(nine[1]), release)
    match = _MISSING.search(text)
    if match is None:
        return _own_part("a part of cuDNN", release)
    part, missing, reason = single_line(match[1]), single_line(match[2].rpartition("/")[2]), match[3]
    if _DAMAGED.search(reason):
        return (
            f"{part} does not fit the other libraries in the image: parts of several versions of cuDNN are mixed",
            f"install all parts of one cuDNN ({_cudnn(release)}) in the image, remove the others, then run ldconfig",
        )
    if missing.startswith("libnvrtc"):
        target = _nvrtc(release)
        return (
            "the loader finds no libnvrtc.so",
            (
                f"in the image, in the folder that ldconfig -p | grep nvrtc shows: ln -s {target} libnvrtc.so && "
                "ldconfig; envkit's own images have this link"
            ),
        )
    if missing.startswith("libcudnn"):
        return _own_part(missing, release)
    return (
        f"{missing}, which cuDNN loads, is missing in the image or not on the loader's path",
        f"install the CUDA library that contains {missing} in the image, then run ldconfig",
    )


def _own_part(name: str, release: Release | None) -> tuple[str, str]:
    return (
        f"{name}, a part of cuDNN itself, is missing in the image or not on the loader's path",
        f"install the whole cuDNN ({_cudnn(release)}) in the image again, then run ldconfig",
    )


def _cudnn(release: Release | None) -> str:
    return f"{release.cudnn} for TensorFlow {release.version}" if release else "the version that TensorFlow needs"


def _nvrtc(release: Release | None) -> str:
    if release is None:
        return "libnvrtc.so.VERSION"
    major_minor = ".".join(release.cuda.split(".")[:2])
    return _NVRTC.get(major_minor) or _NVRTC.get(major_minor.split(".")[0], "libnvrtc.so.VERSION")
