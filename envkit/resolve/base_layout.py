"""What was seen inside an image -> how a workspace lies over it, or why none can. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from envkit import catalog, naming, sanitize
from envkit.model.engine_state import ImageContents, ImageInfo
from envkit.model.image import Interpreter, Layout

if TYPE_CHECKING:
    from envkit.model.release import Release, Suite

GLIBC_MIN = (2, 28)  # of what the server is made of; TensorFlow itself asks for less
SERVER_PYTHON_MIN = (3, 11)  # what the lock of the Debian workspace is made for; newer Pythons take it too
LOCKED_PYTHONS = ("3.8", "3.9", "3.10")  # older Pythons the server has a lock of its own for
MITIGATED_PYTHONS = ("3.8", "3.9")  # theirs has a hole that is closed for newer Pythons alone, and is shut another way
FIXED_ISSUES = ("apt-key",)  # what the build itself mends of the known faults of official images
VALUE_MAX = 200

# What each line may hold. The image is somebody else's, and so is what it says of itself.
_PATTERNS = {
    "title": r"[^\x00-\x1f\x7f]+",
    "codename": r"[a-z]+",
    "manager": r"[a-z-]+",
    "libc": r"glibc|musl",
    "libc_version": r"[0-9]+\.[0-9]+",
    "python": r"[0-9]+\.[0-9]+\.[0-9]+",
    "python_path": r"/[A-Za-z0-9_./+-]+",
    "tensorflow": r"[0-9]+\.[0-9]+\.[0-9]+(?:\.post[0-9]+)?",
}


@dataclass(frozen=True, slots=True)
class UnsuitableImage:
    """Why no workspace can be built on an image, and the mend."""

    reason: str
    hint: str


def parse(text: str) -> ImageContents:
    """Read what the look into an image printed; a line of another shape counts as not said."""
    field_names = {field.name for field in fields(ImageContents)}
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name in field_names and len(value) <= VALUE_MAX and re.fullmatch(_PATTERNS[name], value, re.ASCII):
            values.setdefault(name, sanitize.single_line(value))
    return ImageContents(**values)


def check_image(image: ImageInfo, machine: str) -> UnsuitableImage | None:
    """Say why nothing of an image should even be run to look into it, or None."""
    if image.system != "linux" or image.machine != machine:
        return UnsuitableImage(
            f"it is made for {image.system}/{image.machine}, and the engine runs linux/{machine}",
            f"name a variant of it for {machine}, or write base: debian",
        )
    if naming.IMAGE in image.labels:
        return UnsuitableImage(
            "it is a workspace that envkit built, and would be one inside another",
            "name what that one was built on, or write base: debian",
        )
    if image.has_onbuild:
        return UnsuitableImage(
            "it holds ONBUILD instructions, which would run in the build and look for files of another project",
            "name the image without them, often the same tag without `-onbuild`, or write base: debian",
        )
    return None


def detect_system(contents: ImageContents | None) -> Suite | UnsuitableImage:
    """Return the system of an image, or why a workspace cannot stand on it."""
    if contents is None:
        return UnsuitableImage(
            "it has no shell (/bin/sh), so nothing can be installed in it",
            "name a variant with a system in it, or write base: debian",
        )
    os_name = contents.title or "a system without a name"
    if contents.libc == "musl":
        return UnsuitableImage(
            f"it is {os_name}, whose C library is musl, and TensorFlow is published for glibc alone",
            "name its variant on Debian or Ubuntu, or write base: debian",
        )
    if contents.manager != "apt-get":
        manager = f"installs with {contents.manager}" if contents.manager else "has no package manager"
        return UnsuitableImage(
            f"it is {os_name}, which {manager}, and envkit installs with apt-get alone",
            "name its variant on Debian or Ubuntu, or write base: debian",
        )
    if _version_tuple(contents.libc_version) < GLIBC_MIN:
        return UnsuitableImage(
            f"its glibc is {contents.libc_version or 'unknown'}, and JupyterLab's packages need 2.28",
            "name a variant on Debian 11, Ubuntu 20.04 or later, or write base: debian",
        )
    suite = catalog.system(contents.codename)
    if suite is None:
        return UnsuitableImage(
            f"it is {os_name}, which envkit does not know; it knows {', '.join(catalog.systems())}",
            "name a variant on one of these, or write base: debian",
        )
    return suite


def choose_layout(
    contents: ImageContents, system: Suite, release: Release, *, python_mirror: str
) -> Layout | UnsuitableImage:
    """Choose the Pythons of a workspace.

    Args:
        contents: What the image holds.
        system: Its system.
        release: The TensorFlow release that is wanted.
        python_mirror: Where Pythons that uv manages can be had, `default` for uv's own place, or empty for nowhere.
    """
    kernel = _kernel_python(contents, system, release, python_mirror)
    server = _server_python(contents, system, python_mirror)
    mirror = "" if python_mirror == "default" else python_mirror
    if kernel is None:
        return UnsuitableImage(
            f"TensorFlow {release.version} needs Python {release.python_min} to {release.python_max}, and it has "
            f"{_available_pythons(contents, system)}",
            "name build.python_mirror, from where uv brings one; or another release, or base: debian",
        )
    if server is None:
        return UnsuitableImage(
            f"JupyterLab needs Python 3.8 or later, and it has {_available_pythons(contents, system)}",
            "name build.python_mirror, from where uv brings one; or write base: debian",
        )
    lock = server.version if server.version in LOCKED_PYTHONS else "3.11"
    return Layout(kernel, server, _has_release(contents, release), lock, mirror)


def needs_managed_python(layout: Layout | UnsuitableImage) -> bool:
    """Say whether a Python that uv manages would make something possible, or better."""
    return isinstance(layout, UnsuitableImage) or layout.lock in MITIGATED_PYTHONS


def official_image_issue(release: Release, *, gpu: bool) -> str:
    """Say why a release's official image does not serve, with the mend; empty where it does, mended by the build."""
    if not catalog.official_image(release, gpu=gpu):
        return release.known_broken or "no official image of this release was published; write base: debian"
    if gpu and release.broken not in {"", *FIXED_ISSUES}:
        return f"{catalog.official_image(release, gpu=gpu)} does not serve: {release.known_broken}"
    return ""


def notes(layout: Layout) -> tuple[str, ...]:
    """Say what somebody who named the image should know of what was chosen."""
    messages = []
    if layout.lock in MITIGATED_PYTHONS:
        messages.append(
            f"JupyterLab runs on the image's Python {layout.server.version}, which gets no longer its fixed versions: "
            "the part with the known hole, nbconvert, is switched off; build.python_mirror brings a newer Python"
        )
    if not layout.has_release:
        messages.append("the image does not bring the wanted TensorFlow, so envkit installed it beside what is there")
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
        contents.tensorflow == release.version
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
