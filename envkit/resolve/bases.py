"""What was seen inside an image -> how a workspace lies over it, or why none can. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from envkit import catalog, names, plain
from envkit.model.found import FoundImage, Inside
from envkit.model.image import Interpreter, Layout

if TYPE_CHECKING:
    from envkit.model.release import Release, Suite

GLIBC_MIN = (2, 28)  # of what the server is made of; TensorFlow itself asks for less
SERVER_MIN = (3, 11)  # what the lock of the Debian workspace is made for; newer Pythons take it too
LOCKS = ("3.8", "3.9", "3.10")  # older Pythons the server has a lock of its own for
MITIGATED = ("3.8", "3.9")  # theirs has a hole that is closed for newer Pythons alone, and is shut another way
MENDED = ("apt-key",)  # what the build itself mends of the known faults of official images
VALUE_MAX = 200

# What each line may hold. The image is somebody else's, and so is what it says of itself.
_SHAPES = {
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
class Unsuitable:
    """Why no workspace can be built on an image, and the mend."""

    reason: str
    mend: str


def parse(text: str) -> Inside:
    """Read what the look into an image printed; a line of another shape counts as not said."""
    known = {one.name for one in fields(Inside)}
    said: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name in known and len(value) <= VALUE_MAX and re.fullmatch(_SHAPES[name], value, re.ASCII):
            said.setdefault(name, plain.line(value))
    return Inside(**said)


def unfit(image: FoundImage, machine: str) -> Unsuitable | None:
    """Say why nothing of an image should even be run to look into it, or None."""
    if image.system != "linux" or image.machine != machine:
        return Unsuitable(
            f"it is made for {image.system}/{image.machine}, and the engine runs linux/{machine}",
            f"name a variant of it for {machine}, or write base: debian",
        )
    if names.IMAGE in image.labels:
        return Unsuitable(
            "it is a workspace that envkit built, and would be one inside another",
            "name what that one was built on, or write base: debian",
        )
    if image.triggers:
        return Unsuitable(
            "it holds ONBUILD instructions, which would run in the build and look for files of another project",
            "name the image without them, often the same tag without `-onbuild`, or write base: debian",
        )
    return None


def system_of(inside: Inside | None) -> Suite | Unsuitable:
    """Return the system of an image, or why a workspace cannot stand on it."""
    if inside is None:
        return Unsuitable(
            "it has no shell (/bin/sh), so nothing can be installed in it",
            "name a variant with a system in it, or write base: debian",
        )
    title = inside.title or "a system without a name"
    if inside.libc == "musl":
        return Unsuitable(
            f"it is {title}, whose C library is musl, and TensorFlow is published for glibc alone",
            "name its variant on Debian or Ubuntu, or write base: debian",
        )
    if inside.manager != "apt-get":
        manager = f"installs with {inside.manager}" if inside.manager else "has no package manager"
        return Unsuitable(
            f"it is {title}, which {manager}, and envkit installs with apt-get alone",
            "name its variant on Debian or Ubuntu, or write base: debian",
        )
    if _numbers(inside.libc_version) < GLIBC_MIN:
        return Unsuitable(
            f"its glibc is {inside.libc_version or 'unknown'}, and JupyterLab's packages need 2.28",
            "name a variant on Debian 11, Ubuntu 20.04 or later, or write base: debian",
        )
    known = catalog.system(inside.codename)
    if known is None:
        return Unsuitable(
            f"it is {title}, which envkit does not know; it knows {', '.join(catalog.systems())}",
            "name a variant on one of these, or write base: debian",
        )
    return known


def layout(inside: Inside, system: Suite, release: Release, *, managed: str) -> Layout | Unsuitable:
    """Choose the Pythons of a workspace.

    Args:
        inside: What the image holds.
        system: Its system.
        release: The TensorFlow release that is wanted.
        managed: Where Pythons that uv manages can be had, `default` for uv's own place, or empty for nowhere.
    """
    kernel = _kernel(inside, system, release, managed)
    server = _server(inside, system, managed)
    place = "" if managed == "default" else managed
    if kernel is None:
        return Unsuitable(
            f"TensorFlow {release.version} needs Python {release.python_min} to {release.python_max}, and it has "
            f"{_has(inside, system)}",
            "name build.python_mirror, from where uv brings one; or another release, or base: debian",
        )
    if server is None:
        return Unsuitable(
            f"JupyterLab needs Python 3.8 or later, and it has {_has(inside, system)}",
            "name build.python_mirror, from where uv brings one; or write base: debian",
        )
    lock = server.version if server.version in LOCKS else "3.11"
    return Layout(kernel, server, _has_release(inside, release), lock, place)


def wants_managed(found: Layout | Unsuitable) -> bool:
    """Say whether a Python that uv manages would make something possible, or better."""
    return isinstance(found, Unsuitable) or found.lock in MITIGATED


def official_broken(release: Release, *, gpu: bool) -> str:
    """Say why a release's official image does not serve, with the mend; empty where it does, mended by the build."""
    if not catalog.official(release, gpu=gpu):
        return release.known_broken or "no official image of this release was published; write base: debian"
    if gpu and release.broken not in {"", *MENDED}:
        return f"{catalog.official(release, gpu=gpu)} does not serve: {release.known_broken}"
    return ""


def remarks(chosen: Layout) -> tuple[str, ...]:
    """Say what somebody who named the image should know of what was chosen."""
    told = []
    if chosen.lock in MITIGATED:
        told.append(
            f"JupyterLab runs on the image's Python {chosen.server.version}, which gets no longer its fixed versions: "
            "the part with the known hole, nbconvert, is switched off; build.python_mirror brings a newer Python"
        )
    if not chosen.has_release:
        told.append("the image does not bring the wanted TensorFlow, so envkit installed it beside what is there")
    return tuple(told)


def _kernel(inside: Inside, system: Suite, release: Release, managed: str) -> Interpreter | None:
    own = _minor(inside.python)
    if _has_release(inside, release):
        return Interpreter(own, inside.python_path, "image")
    if _fits(system.python, release):
        return Interpreter(system.python, f"/usr/bin/python{system.python}", "apt")
    if _fits(own, release) and inside.python_path:
        return Interpreter(own, inside.python_path, "image")
    if system.name == release.suite and release.python_suite != release.suite:
        return Interpreter(release.python, f"/usr/bin/python{release.python}", "borrowed")
    if managed:
        return Interpreter(release.python_max, f"/usr/local/bin/python{release.python_max}", "managed")
    return None


def _server(inside: Inside, system: Suite, managed: str) -> Interpreter | None:
    own, apt = _minor(inside.python), Interpreter(system.python, f"/usr/bin/python{system.python}", "apt")
    if _numbers(system.python) >= SERVER_MIN:
        return apt
    if _numbers(own) >= SERVER_MIN and inside.python_path:
        return Interpreter(own, inside.python_path, "image")
    if managed:
        version = catalog.managed_server()
        return Interpreter(version, f"/usr/local/bin/python{version}", "managed")
    return apt if system.python in LOCKS else None


def _has_release(inside: Inside, release: Release) -> bool:
    return inside.tensorflow == release.version and _fits(_minor(inside.python), release) and bool(inside.python_path)


def _fits(python: str, release: Release) -> bool:
    return _numbers(release.python_min) <= _numbers(python) <= _numbers(release.python_max)


def _has(inside: Inside, system: Suite) -> str:
    own = _minor(inside.python)
    return f"{own} and its system's {system.python}" if own and own != system.python else system.python


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)
