"""Requirements that no version meets beside TensorFlow: told at once, not by an installer minutes into a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.model.release import OTHER_BUILDS, TENSORFLOW_PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

    from envkit.model.release import Bound, Release

_CHOOSE_HINT = "leave it out here, and choose the release by tensorflow:"
_LARGE_PART = 999_999  # a later part of a version than any has


def conflict_reason(requirement: str, release: Release) -> str:
    """Return why a valid requirement can be met by no version beside a release, with the mend; or nothing.

    A bound on a requirement with a marker is left to the installer, which knows where the marker holds. Another build
    of TensorFlow is not: no constraint that an installer reads keeps it from replacing the files of this one.
    """
    # Imported where a config lists packages: most do not, and every command resolves one.
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    parsed = Requirement(requirement)
    name, prefix = canonicalize_name(parsed.name), f"cannot be installed beside TensorFlow {release.version}"
    if name in OTHER_BUILDS and (parsed.marker is None or parsed.marker.evaluate(_marker_environment(release))):
        return f"{requirement} {prefix}: it is another build of TensorFlow, for the same place; {_CHOOSE_HINT}"
    if parsed.marker is not None:
        return ""
    for bound in release.constraints:
        if name == bound.package and not _is_satisfiable(parsed.specifier, bound.specifier):
            return f"{requirement} {prefix}, {_hint(bound)}"
    return ""


def _marker_environment(release: Release) -> dict[str, str]:
    """Return what markers ask of where a release runs."""
    system = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    return {**system, "python_version": release.python, "python_full_version": f"{release.python}.0"}


def _hint(bound: Bound) -> str:
    if bound.package in TENSORFLOW_PACKAGES:
        return f"which the workspace brings; {_CHOOSE_HINT}"
    return f"which needs {bound.package}{bound.specifier} ({bound.reason}); ask for one of these, or for no version"


def _is_satisfiable(specifiers: SpecifierSet, bound: str) -> bool:
    from packaging.specifiers import SpecifierSet

    combined = specifiers & SpecifierSet(bound)
    return any(combined.contains(version, prereleases=True) for version in _candidates(combined))


def _candidates(specifiers: SpecifierSet) -> Iterator[str]:
    """Yield versions of which one is in the set, unless nothing is: each that it names, and those close by."""
    from packaging.version import InvalidVersion, Version

    yield "1"  # of a set that names none
    for clause in specifiers:
        try:
            version = Version(clause.version.removesuffix(".*"))
        except InvalidVersion:  # of ===, which compares texts
            yield clause.version
            continue
        parts = version.release
        yield str(version)
        yield ".".join(str(part) for part in (*parts, *(0,) * (4 - len(parts)), 1))
        for index, part in enumerate(parts):  # behind all that !=1.2.* leaves out
            yield ".".join(str(number) for number in (*parts[:index], part + 1))
        last_nonzero = max((index for index, part in enumerate(parts) if part), default=None)
        if last_nonzero is not None:
            yield ".".join(str(part) for part in (*parts[:last_nonzero], parts[last_nonzero] - 1, _LARGE_PART))
