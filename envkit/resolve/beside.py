"""Requirements that no version meets beside TensorFlow: told at once, not by an installer minutes into a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.model.release import ITSELF, OTHER_BUILDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

    from envkit.model.release import Bound, Release

_CHOOSE = "leave it out here, and choose the release by tensorflow:"
_MANY = 999_999  # a later part of a version than any has


def refused(requirement: str, release: Release) -> str:
    """Return why a valid requirement can be met by no version beside a release, with the mend; or nothing.

    A bound on a requirement with a marker is left to the installer, which knows where the marker holds. Another build
    of TensorFlow is not: no constraint that an installer reads keeps it from replacing the files of this one.
    """
    # Imported where a config lists packages: most do not, and every command resolves one.
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    asked = Requirement(requirement)
    name, beside = canonicalize_name(asked.name), f"cannot be installed beside TensorFlow {release.version}"
    if name in OTHER_BUILDS and (asked.marker is None or asked.marker.evaluate(_inside(release))):
        return f"{requirement} {beside}: it is another build of TensorFlow, for the same place; {_CHOOSE}"
    if asked.marker is not None:
        return ""
    for bound in release.beside:
        if name == bound.package and not _meet(asked.specifier, bound.specifier):
            return f"{requirement} {beside}, {_mend(bound)}"
    return ""


def _inside(release: Release) -> dict[str, str]:
    """Return what markers ask of where a release runs."""
    system = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    return {**system, "python_version": release.python, "python_full_version": f"{release.python}.0"}


def _mend(bound: Bound) -> str:
    if bound.package in ITSELF:
        return f"which the workspace brings; {_CHOOSE}"
    return f"which needs {bound.package}{bound.specifier} ({bound.reason}); ask for one of these, or for no version"


def _meet(asked: SpecifierSet, bound: str) -> bool:
    from packaging.specifiers import SpecifierSet

    both = asked & SpecifierSet(bound)
    return any(both.contains(one, prereleases=True) for one in _candidates(both))


def _candidates(both: SpecifierSet) -> Iterator[str]:
    """Yield versions of which one is in the set, unless nothing is: each that it names, and those close by."""
    from packaging.version import InvalidVersion, Version

    yield "1"  # of a set that names none
    for clause in both:
        try:
            named = Version(clause.version.removesuffix(".*"))
        except InvalidVersion:  # of ===, which compares texts
            yield clause.version
            continue
        numbers = named.release
        yield str(named)
        yield ".".join(str(part) for part in (*numbers, *(0,) * (4 - len(numbers)), 1))
        for at, part in enumerate(numbers):  # behind all that !=1.2.* leaves out
            yield ".".join(str(one) for one in (*numbers[:at], part + 1))
        below = max((at for at, part in enumerate(numbers) if part), default=None)
        if below is not None:
            yield ".".join(str(part) for part in (*numbers[:below], numbers[below] - 1, _MANY))
