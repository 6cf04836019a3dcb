"""Whether what serves a workspace is of versions without a published hole, and how old its image is. No network."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from envkit import catalog
from envkit.checks import debian
from envkit.checks import observations as look
from envkit.checks.audit_inside import why_unseen
from envkit.checks.held import held
from envkit.checks.table import finding
from envkit.model.report import Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.release import Floor
    from envkit.model.report import Finding, Observation

NEEDED = "jupyter-server"  # without it nothing serves, so that it was looked for in the wrong place
NEW_ENOUGH = "3.10"  # for all that the server consists of, in its newest version
OLD_DAYS = 90
FIRST = date(2016, 1, 1)  # what builds write that shall be the same each time is no date: 0001, 1970, 1980
NEW_PYTHON = "build.python_mirror in envkit.yaml brings a newer Python to the server, then: envkit up"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Judge what is installed, and when the image was made."""
    yield _packages(look.data(observations, "audit.packages"), why_unseen(observations, "audit.packages"))
    yield _age(look.data(observations, "audit.image"))


def _packages(seen: Mapping[str, Any], why: str) -> Finding:
    if why:
        return held("audit/packages", (), why)
    judged = [*_server(seen), _openssh(seen)]
    said = {verdict: [text for one, text in judged if one is verdict] for verdict in Verdict}
    if said[Verdict.FAILED]:
        return held("audit/packages", said[Verdict.FAILED], mend=_mend(seen))
    if said[Verdict.WARNED] and not said[Verdict.UNKNOWN]:
        return finding("audit/packages", line("; ".join(said[Verdict.WARNED])), status=Verdict.WARNED, mend=NEW_PYTHON)
    well = f"nothing that serves has a hole known on {catalog.floors_source()[0]}"
    return held("audit/packages", (), "; ".join(said[Verdict.UNKNOWN]), well)


def _server(seen: Mapping[str, Any]) -> Iterator[tuple[Verdict, str]]:
    versions, python = look.table(seen, "versions"), look.text(seen, "python")
    if not look.texts(versions, NEEDED):
        yield Verdict.UNKNOWN, f"{NEEDED} is not where it is looked for"
    for floor in catalog.floors():
        for version in look.texts(versions, floor.package):
            yield _judged(floor, version, python)


def _judged(floor: Floor, written: str, python: str) -> tuple[Verdict, str]:
    version, enough = _version(written), floor.enough
    if version is None:
        return Verdict.UNKNOWN, f"{floor.package} {written}: that is no version"
    if any(SpecifierSet(one).contains(version, prereleases=True) for one in floor.well):
        return Verdict.PASSED, ""
    if enough and _below(python, enough.below) and SpecifierSet(enough.well).contains(version, prereleases=True):
        return Verdict.WARNED, f"{floor.package} {version} is the newest for Python {python}: {enough.shut}"
    return Verdict.FAILED, f"{floor.package} {version}: {floor.hole}"


def _openssh(seen: Mapping[str, Any]) -> tuple[Verdict, str]:
    version, codename = look.text(seen, "openssh"), look.text(seen, "codename")
    floor = catalog.openssh_floors().get(codename)
    if floor is None:
        return Verdict.UNKNOWN, f"which OpenSSH of {codename or 'this system'} has no known hole is not known"
    older = debian.older(version, floor)
    if older is None:
        return Verdict.UNKNOWN, f"the version of OpenSSH is not told: {version or 'nothing'}"
    if older:
        return Verdict.FAILED, f"openssh-server {version}: holes that {codename} closed in {floor} are open"
    return Verdict.PASSED, ""


def _mend(seen: Mapping[str, Any]) -> str:
    if _below(look.text(seen, "python"), NEW_ENOUGH):
        return NEW_PYTHON
    return "take the newest envkit; then, so that the image is made of today's packages: envkit up --pull"


def _age(seen: Mapping[str, Any]) -> Finding:
    made, today = _day(look.text(seen, "made")), _day(look.text(seen, "today"))
    if made is None or today is None or not FIRST <= made <= today:
        said = line(look.text(seen, "made")) or "nothing"
        return held("audit/image-age", (), f"the engine does not say when the image was made: {said}")
    days = (today - made).days
    if days > OLD_DAYS:
        return held("audit/image-age", [f"the image was made {days} days ago, on {made}"])
    return held("audit/image-age", (), well=f"the image was made {days} days ago")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _below(python: str, other: str) -> bool:
    """Say whether a Python is older than another; one that is not told is not."""
    one, than = _version(python), Version(other)
    return one is not None and one < than
