"""Choose the layout of a workspace on a foreign base image, or explain why none is possible. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from envkit import catalog, naming, sanitize
from envkit.model.engine_state import ImageContents, ImageInfo
from envkit.model.image import Interpreter, Layout

if TYPE_CHECKING:
    from envkit.model.release import Release, Suite

GLIBC_MIN = (2, 28)  # for the server's packages; TensorFlow itself needs less
SERVER_PYTHON_MIN = (3, 11)  # oldest Python of the lock for Debian, which newer Pythons also use
LOCKED_PYTHONS = ("3.8", "3.9", "3.10")  # older Pythons with a separate lock of the server
MITIGATED_PYTHONS = (
    "3.8",
    "3.9",
)  # their server has a vulnerability that is fixed only for newer Pythons; envkit mitigates it
FIXED_ISSUES = ("apt-key",)  # issues of official images that the build fixes
VALUE_MAX = 200

# Allowed values of each line. The output comes from a foreign image and is not trusted.
_PATTERNS = {
    "title": r"[^\x00-\x1f\x7f]+",
    "codename": r"[a-z]+",
    "manager": r"[a-z-]+",
    "libc": r"glibc|musl",
    "libc_version": r"[0-9]+\.[0-9]+",
    "python": r"[0-9]+\.[0-9]+\.[0-9]+",
    "python_path": r"/[A-Za-z0-9_./+-]+",
    "tensorflow": r"[0-9]+\.[0-9]+\.[0-9]+(?:\.post[0-9]+)?(?:\+nv[0-9]{2}\.[0-9]{1,2})?",  # NVIDIA's build
}


@dataclass(frozen=True, slots=True)
class UnsuitableImage:
    """Why no workspace can be built on an image, and a hint."""

    reason: str
    hint: str


def parse(text: str) -> ImageContents:
    """Parse the output of the image inspection; invalid lines are ignored."""
    field_names = {field.name for field in fields(ImageContents)}
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name in field_names and len(value) <= VALUE_MAX and re.fullmatch(_PATTERNS[name], value, re.ASCII):
            values.setdefault(name, sanitize.single_line(value))
    return ImageContents(**values)


def check_image(image: ImageInfo, machine: str) -> UnsuitableImage | None:
    """Check whether an image may be run to inspect it; return why not, or None."""
    if image.system != "linux" or image.machine != machine:
        return UnsuitableImage(
            f"it is built for {image.system}/{image.machine}, but the engine runs linux/{machine}",
            f"use a variant for {machine}, or base: debian",
        )
    if naming.IMAGE in image.labels:
        return UnsuitableImage(
            "it is a workspace image that envkit built",
            "use the base image of that one, or base: debian",
        )
    if image.has_onbuild:
        return UnsuitableImage(
            "it has ONBUILD instructions, which would run in the build and expect files of another project",
            "use the image without them, often the same tag without `-onbuild`, or base: debian",
        )
    return None


def detect_system(contents: ImageContents | None) -> Suite | UnsuitableImage:
    """Return the system of an image, or why no workspace can be built on it."""
    if contents is None:
        return UnsuitableImage(
            "it has no shell (/bin/sh), so nothing can be installed in it",
            "use a variant that contains a system, or base: debian",
        )
    os_name = contents.title or "an unnamed system"
    if contents.libc == "musl":
        return UnsuitableImage(
            f"it is {os_name} with the C library musl, but TensorFlow is published only for glibc",
            "use its variant on Debian or Ubuntu, or base: debian",
        )
    if contents.manager != "apt-get":
        manager = f"installs with {contents.manager}" if contents.manager else "has no package manager"
        return UnsuitableImage(
            f"it is {os_name}, which {manager}, but envkit installs with apt-get only",
            "use its variant on Debian or Ubuntu, or base: debian",
        )
    if _version_tuple(contents.libc_version) < GLIBC_MIN:
        return UnsuitableImage(
            f"its glibc is {contents.libc_version or 'unknown'}, but JupyterLab's packages need 2.28 or later",
            "use a variant on Debian 11, Ubuntu 20.04 or later, or base: debian",
        )
    suite = catalog.system(contents.codename)
    if suite is None:
        return UnsuitableImage(
            f"it is {os_name}, which envkit does not support; supported: {', '.join(catalog.systems())}",
            "use a variant on one of these, or base: debian",
        )
    return suite


def choose_layout(
    contents: ImageContents, system: Suite, release: Release, *, python_mirror: str
) -> Layout | UnsuitableImage:
    """Choose the Pythons of a workspace.

    Args:
        contents: Contents of the image.
        system: Its system.
        release: The requested TensorFlow release.
        python_mirror: Source of Pythons that uv manages: a URL, `default` for uv's own, or empty for none.
    """
    kernel = _kernel_python(contents, system, release, python_mirror)
    server = _server_python(contents, system, python_mirror)
    mirror = "" if python_mirror == "default" else python_mirror
    if kernel is None:
        return UnsuitableImage(
            f"TensorFlow {release.version} needs Python {release.python_min} to {release.python_max}, but it has "
            f"{_available_pythons(contents, system)}",
            "set build.python_mirror, from which uv downloads one; or use another release, or base: debian",
        )
    if server is None:
        return UnsuitableImage(
            f"JupyterLab needs Python 3.8 or later, but it has {_available_pythons(contents, system)}",
            "set build.python_mirror, from which uv downloads one; or use base: debian",
        )
    lock = server.version if server.version in LOCKED_PYTHONS else "3.11"
    return Layout(kernel, server, _has_release(contents, release), lock, mirror)


def needs_managed_python(layout: Layout | UnsuitableImage) -> bool:
    """Check whether a Python managed by uv would allow or improve a layout."""
    return isinstance(layout, UnsuitableImage) or layout.lock in MITIGATED_PYTHONS


def official_image_issue(release: Release, *, gpu: bool) -> str:
    """Return why a release's official image is unusable, with a hint; empty if it works or the build fixes it."""
    if not catalog.official_image(release, gpu=gpu):
        return release.image_issue or "no official image of this release was published; use base: debian"
    if gpu and release.image_issue_id not in {"", *FIXED_ISSUES}:
        return f"{catalog.official_image(release, gpu=gpu)} is unusable: {release.image_issue}"
    return ""


def notes(layout: Layout) -> tuple[str, ...]:
    """Return notes on the layout for the user who chose the image."""
    messages = []
    if layout.lock in MITIGATED_PYTHONS:
        messages.append(
            f"JupyterLab runs on the image's Python {layout.server.version}, which has no fixed nbconvert for a known "
            "vulnerability, so nbconvert is disabled; build.python_mirror provides a newer Python"
        )
    if not layout.has_release:
        messages.append("the image lacks the requested TensorFlow, so envkit installed it in addition")
    return tuple(messages)


def _kernel_python(contents: ImageContents, system: Suite, release: Release, python_mirror: str) -> Interpreter | None:
    image_python = _minor_version(contents.python)
    if _has_release(contents, release):
        return Interpreter(image_python, contents.python_path, "image")
    if _supports(system.python, release):
        return Interpreter(system.python, f"/usr/bin/python{system.python}", "apt")
    if _supports(image_python, release) and contents.python_path:
        return Interpreter(image_python, contents.python_path, "image")
    if system.name == release.suite and release.python_suite != release.suite:
        return Interpreter(release.python, f"/usr/bin/python{release.python}", "borrowed")
    if python_mirror:
        return Interpreter(release.python_max, f"/usr/local/bin/python{release.python_max}", "managed")
    return None


def _server_python(contents: ImageContents, system: Suite, python_mirror: str) -> Interpreter | None:
    image_python, system_python = (
        _minor_version(contents.python),
        Interpreter(system.python, f"/usr/bin/python{system.python}", "apt"),
    )
    if _version_tuple(system.python) >= SERVER_PYTHON_MIN:
        return system_python
    if _version_tuple(image_python) >= SERVER_PYTHON_MIN and contents.python_path:
        return Interpreter(image_python, contents.python_path, "image")
    if python_mirror:
        version = catalog.server_python()
        return Interpreter(version, f"/usr/local/bin/python{version}", "managed")
    return system_python if system.python in LOCKED_PYTHONS else None


def _has_release(contents: ImageContents, release: Release) -> bool:
    return (
        contents.tensorflow.partition("+")[0] == release.version
        and _supports(_minor_version(contents.python), release)
        and bool(contents.python_path)
    )


def _supports(python: str, release: Release) -> bool:
    return _version_tuple(release.python_min) <= _version_tuple(python) <= _version_tuple(release.python_max)


def _available_pythons(contents: ImageContents, system: Suite) -> str:
    image_python = _minor_version(contents.python)
    return (
        f"{image_python} and its system's {system.python}"
        if image_python and image_python != system.python
        else system.python
    )


def _minor_version(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _version_tuple(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
