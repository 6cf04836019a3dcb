"""Parse a requirement and check it against the target release."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from envkit.migrate.outcome import Kind, Location, Note
from envkit.migrate.requirements.keras_packages import KERAS_PACKAGE_HINTS

KERAS = {"keras", "keras-gpu", "keras-base"}
TENSORFLOW = {"tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tf-nightly", "intel-tensorflow"}
# A file without any of these names has nothing to report; all other relevant names contain one of them.
KNOWN_NAMES = ["keras", "tensorflow"]
KNOWN_NAMES += [
    name for name in sorted({*TENSORFLOW, *KERAS_PACKAGE_HINTS}) if not any(part in name for part in KNOWN_NAMES)
]
REQUIREMENT = re.compile(
    r"(?:[\w-]+::)?(?P<name>[A-Za-z][A-Za-z0-9._-]*?)(?:\[[^\]\n]*\])?[ \t]*"
    r"(?:(?P<version>(?:[<>=!~^]=?|===)[^;#\\\"'\r\n]*|\([^)\n]*\)|@[ \t]*[^\s;]+)[ \t]*)?(?:;[^#\n]*)?"
)
# URL of a Git repository that has the name of its package.
GIT_URL = re.compile(
    r"git\+[a-z+]+:[^\s\"'#]*/(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:\.git)?/?(?:@[\w./-]+)?(?:#[^\s\"']*)?"
)
FIRST_KERAS_3 = 16  # minor version of TensorFlow 2


@dataclass(frozen=True, slots=True)
class Requirement:
    """Required package.

    Attributes:
        location: Location in the file.
        text: Original text.
        name: Normalized name, lower-case with hyphens.
        version: Original version specifier, or empty.
    """

    location: Location
    text: str
    name: str
    version: str


def names_any(content: bytes) -> bool:
    """Return whether a file may name a relevant package, in any spelling."""
    plain = content.lower().replace(b"_", b"-").replace(b".", b"-")
    return any(name.encode() in plain for name in KNOWN_NAMES)


def parse_requirement(text: str, location: Location) -> Requirement | None:
    """Parse a requirement; None if the text is not one."""
    if url_match := GIT_URL.fullmatch(text.strip()):
        name = _normalize_name(url_match["name"])
        return (
            Requirement(location, text.strip(), name, "@ git") if name in KERAS or name in KERAS_PACKAGE_HINTS else None
        )
    match = REQUIREMENT.fullmatch(text.strip())
    if match is None:
        return None
    return Requirement(location, text.strip(), _normalize_name(match["name"]), (match["version"] or "").strip())


def _normalize_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_leftover(requirement: Requirement, release: str) -> bool:
    """Return whether the requirement allows a Keras other than the one included in the release."""
    return requirement.name in KERAS and not _is_bundled(requirement, release)


def make_note(requirement: Requirement, release: str) -> Note | None:
    """Return a note about a requirement, or None."""
    if is_leftover(requirement, release):
        return _build_note(
            requirement,
            "keras",
            f"{requirement.text} replaces the Keras included in TensorFlow {release}",
            f"remove it; tensorflow=={release} includes a matching Keras",
        )
    if requirement.name == "keras-applications":
        return _build_note(
            requirement,
            requirement.name,
            "keras-applications works only with Keras 2.2",
            "remove it unless code imports keras_applications; tensorflow.keras.applications has its models",
        )
    if requirement.name == "keras-preprocessing" and not _allows(requirement, "1.1.2"):
        return _build_note(
            requirement,
            requirement.name,
            f"{requirement.text} conflicts with TensorFlow {release}, which needs 1.1.1 or later",
            "remove it; TensorFlow installs it if needed",
        )
    if requirement.name in KERAS_PACKAGE_HINTS:
        return _build_note(
            requirement,
            "imports-keras",
            f"{requirement.name} imports standalone Keras itself",
            KERAS_PACKAGE_HINTS[requirement.name],
        )
    if requirement.name in TENSORFLOW and requirement.version and not _allows(requirement, release):
        return _build_note(
            requirement,
            "tensorflow",
            f"{requirement.text} does not allow TensorFlow {release}, the target release",
            f"write tensorflow=={release} when all code is migrated",
        )
    return None


def _build_note(requirement: Requirement, rule: str, message: str, hint: str) -> Note:
    return Note(requirement.location, f"requirements/{rule}", Kind.REQUIREMENT, message, hint)


def _is_bundled(requirement: Requirement, release: str) -> bool:
    major, minor = (int(part) for part in release.split(".")[:2])
    if not requirement.version:
        return False
    if (major, minor) >= (2, FIRST_KERAS_3):
        return re.search(r"[=~>]=?[ \t]*3\b", requirement.version) is not None
    return _allows(requirement, f"{major}.{minor}.0") and not _allows(requirement, f"{major}.{minor + 1}.0")


def _allows(requirement: Requirement, version: str) -> bool:
    if not requirement.version:
        return True
    text = requirement.version.strip("() ")
    if re.match(r"=[^=]", text):  # conda: a version prefix, with an optional build string
        text = f"=={text[1:].split('=')[0].rstrip('.*')}.*"
    elif match := re.match(r"==([^=,]+)=[^=]", text):
        text = f"=={match[1]}"
    try:
        return SpecifierSet(text).contains(version)
    except InvalidSpecifier:
        return False
