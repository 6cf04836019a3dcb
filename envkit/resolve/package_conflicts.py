"""Find requirements that conflict with TensorFlow before the build, which would fail minutes later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.config import split_hashes
from envkit.model.release import OTHER_BUILDS, RELEASE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

    from envkit.model.release import Bound, Release

_CHOOSE_HINT = "remove it here, and set the release with tensorflow:"
_LARGE_PART = 999_999  # larger than any part of a real version


def conflict_reason(requirement: str, release: Release) -> str:
    """Return why a requirement conflicts with a release, with a hint; or an empty string.

    Bounds on a requirement with a marker are left to the installer, which evaluates the marker. Another build of
    TensorFlow is always rejected: no constraint prevents it from replacing the files of this one.
    """
    # Imported only for configs that list packages: most do not, and every command resolves a config.
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    parsed = Requirement(requirement := split_hashes(requirement)[0])
    name, prefix = canonicalize_name(parsed.name), f"cannot be installed beside TensorFlow {release.version}"
    applies = parsed.marker is None or parsed.marker.evaluate(_marker_environment(release))
    if name in OTHER_BUILDS and applies:
        return f"{requirement} {prefix}: it is another build of TensorFlow with the same files; {_CHOOSE_HINT}"
    if name in RELEASE_NAMES and applies and not _is_satisfiable(parsed.specifier, f"=={release.version}"):
        return f"{requirement} {prefix}, which the workspace provides; {_CHOOSE_HINT}"
    if parsed.marker is not None:
        return ""
    for bound in (*release.bounds, *release.companions):
        if name == bound.package and not _is_satisfiable(parsed.specifier, bound.specifier):
            return f"{requirement} {prefix}, {_hint(bound)}"
    return ""


def means_release(requirement: str) -> bool:
    """Check whether a requirement names TensorFlow itself, which the workspace has installed.

    Extras do not matter: the release's own packages include CUDA if the workspace has a GPU.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    return canonicalize_name(Requirement(split_hashes(requirement)[0]).name) in RELEASE_NAMES


def _marker_environment(release: Release) -> dict[str, str]:
    """Return the marker values of a release's workspace."""
    system = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    return {**system, "python_version": release.python, "python_full_version": f"{release.python}.0"}


def _hint(bound: Bound) -> str:
    return f"which needs {bound.package}{bound.specifier} ({bound.reason}); use a version in that range, or none"


def _is_satisfiable(specifiers: SpecifierSet, bound: str) -> bool:
    from packaging.specifiers import SpecifierSet

    combined = specifiers & SpecifierSet(bound)
    return any(combined.contains(version, prereleases=True) for version in _candidates(combined))


def _candidates(specifiers: SpecifierSet) -> Iterator[str]:
    """Yield candidate versions: those in the set, and their neighbors. If none matches, the set is empty."""
    from packaging.version import InvalidVersion, Version

    yield "1"  # for a set without versions
    for clause in specifiers:
        try:
            version = Version(clause.version.removesuffix(".*"))
        except InvalidVersion:  # from ===, which compares strings
            yield clause.version
            continue
        parts = version.release
        yield str(version)
        yield ".".join(str(part) for part in (*parts, *(0,) * (4 - len(parts)), 1))
        for index, part in enumerate(parts):  # after everything that !=1.2.* excludes
            yield ".".join(str(number) for number in (*parts[:index], part + 1))
        last_nonzero = max((index for index, part in enumerate(parts) if part), default=None)
        if last_nonzero is not None:
            yield ".".join(str(part) for part in (*parts[:last_nonzero], parts[last_nonzero] - 1, _LARGE_PART))
