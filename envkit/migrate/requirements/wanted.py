"""One requirement, read and judged."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from envkit.migrate.outcome import Kind, Note, Where
from envkit.migrate.requirements.packages import IMPORT_KERAS

KERAS = {"keras", "keras-gpu", "keras-base"}
TENSORFLOW = {"tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tf-nightly", "intel-tensorflow"}
# What a file has to name for anything to be said of it; other names have one of these in them.
NAMES = ["keras", "tensorflow"]
NAMES += [one for one in sorted({*TENSORFLOW, *IMPORT_KERAS}) if not any(part in one for part in NAMES)]
REQUIREMENT = re.compile(
    r"(?:[\w-]+::)?(?P<name>[A-Za-z][A-Za-z0-9._-]*?)(?:\[[^\]\n]*\])?[ \t]*"
    r"(?:(?P<version>(?:[<>=!~^]=?|===)[^;#\\\"'\r\n]*|\([^)\n]*\)|@[ \t]*[^\s;]+)[ \t]*)?(?:;[^#\n]*)?"
)
# A repository, which is called as its package is.
ADDRESS = re.compile(
    r"git\+[a-z+]+:[^\s\"'#]*/(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:\.git)?/?(?:@[\w./-]+)?(?:#[^\s\"']*)?"
)
FIRST_KERAS_3 = 16  # minor of TensorFlow 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A package that is asked for.

    Attributes:
        where: In the file.
        text: As it is written.
        name: Lower-case, with hyphens.
        version: What is said of its version, as it is written.
    """

    where: Where
    text: str
    name: str
    version: str


def names_any(content: bytes) -> bool:
    """Say whether a file can ask for any package of which something is to be said, however it is written."""
    plain = content.lower().replace(b"_", b"-").replace(b".", b"-")
    return any(name.encode() in plain for name in NAMES)


def wanted(text: str, where: Where) -> Wanted | None:
    """Return what a text asks for, or None where it is no requirement."""
    if address := ADDRESS.fullmatch(text.strip()):
        name = _plain(address["name"])
        return Wanted(where, text.strip(), name, "@ git") if name in KERAS or name in IMPORT_KERAS else None
    found = REQUIREMENT.fullmatch(text.strip())
    if found is None:
        return None
    return Wanted(where, text.strip(), _plain(found["name"]), (found["version"] or "").strip())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_leftover(one: Wanted, release: str) -> bool:
    """Say whether it asks for a Keras other than the one that the release brings, or may come to do so."""
    return one.name in KERAS and not _is_brought(one, release)


def note(one: Wanted, release: str) -> Note | None:
    """Return what is to be said of a requirement, or None."""
    if is_leftover(one, release):
        return _note(
            one, "keras", f"{one.text} puts a Keras in the place of the one that TensorFlow {release} brings",
            f"remove it; tensorflow=={release} brings the Keras it works with",
        )
    if one.name == "keras-applications":
        return _note(
            one, one.name, "keras-applications serves Keras 2.2 alone",
            "remove it, unless code imports keras_applications; tensorflow.keras.applications has its models",
        )
    if one.name == "keras-preprocessing" and not _admits(one, "1.1.2"):
        return _note(
            one, one.name, f"{one.text} keeps TensorFlow {release} from being installed: it needs 1.1.1 or later",
            "remove it; TensorFlow brings it where it needs it",
        )
    if one.name in IMPORT_KERAS:
        return _note(one, "imports-keras", f"{one.name} imports standalone Keras itself", IMPORT_KERAS[one.name])
    if one.name in TENSORFLOW and one.version and not _admits(one, release):
        return _note(
            one, "tensorflow", f"{one.text} is not TensorFlow {release}, which the code is migrated to",
            f"write tensorflow=={release}, once all of the code is migrated",
        )
    return None


def _note(one: Wanted, rule: str, message: str, mend: str) -> Note:
    return Note(one.where, f"requirements/{rule}", Kind.REQUIREMENT, message, mend)


def _is_brought(one: Wanted, release: str) -> bool:
    major, minor = (int(part) for part in release.split(".")[:2])
    if not one.version:
        return False
    if (major, minor) >= (2, FIRST_KERAS_3):
        return re.search(r"[=~>]=?[ \t]*3\b", one.version) is not None
    return _admits(one, f"{major}.{minor}.0") and not _admits(one, f"{major}.{minor + 1}.0")


def _admits(one: Wanted, version: str) -> bool:
    if not one.version:
        return True
    text = one.version.strip("() ")
    if re.match(r"=[^=]", text):  # conda's: a version that begins so, and perhaps a build behind it
        text = f"=={text[1:].split('=')[0].rstrip('.*')}.*"
    elif found := re.match(r"==([^=,]+)=[^=]", text):
        text = f"=={found[1]}"
    try:
        return SpecifierSet(text).contains(version)
    except InvalidSpecifier:
        return False
