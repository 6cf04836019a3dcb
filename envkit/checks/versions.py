"""Whether what serves a workspace is of versions without a published hole. No network."""

from __future__ import annotations

from dataclasses import dataclass
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
NEW_PYTHON = "build.python_mirror in envkit.yaml brings a newer Python to the server, then: envkit up"
NEW_SYSTEM = "base: debian in envkit.yaml, or an image of a system that still gets fixes, then: envkit up"
TODAYS = "take the newest envkit; then, so that the image is made of today's packages: envkit up --pull"
WORST_FIRST = (Verdict.FAILED, Verdict.UNKNOWN, Verdict.WARNED)


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one package, and what helps."""

    verdict: Verdict
    said: str
    mend: str = ""


def check(observations: Sequence[Observation]) -> Finding:
    """Judge what is installed."""
    if why := why_unseen(observations, "audit.packages"):
        return held("audit/packages", (), why)
    seen = look.data(observations, "audit.packages")
    today = look.text(look.data(observations, "audit.image"), "today")
    judged = [*_server(seen), *_openssh(look.text(seen, "codename"), look.text(seen, "openssh"), today)]
    worst = next((one for one in WORST_FIRST if any(one is told.verdict for told in judged)), Verdict.PASSED)
    told = [one for one in judged if one.verdict is worst]
    said, mend = "; ".join(one.said for one in told), " / ".join(dict.fromkeys(one.mend for one in told))
    if worst is Verdict.WARNED:
        return finding("audit/packages", line(said), status=worst, mend=mend)
    if worst is Verdict.FAILED:
        return held("audit/packages", [one.said for one in told], mend=mend)
    return held("audit/packages", (), said, f"nothing that serves has a hole known on {catalog.floors_source()[0]}")


def _server(seen: Mapping[str, Any]) -> Iterator[Told]:
    versions, python = look.table(seen, "versions"), look.text(seen, "python")
    if not look.texts(versions, NEEDED):
        yield Told(Verdict.UNKNOWN, f"{NEEDED} is not where it is looked for")
    for floor in catalog.floors():
        for version in look.texts(versions, floor.package):
            yield from _judged(floor, version, python)


def _judged(floor: Floor, written: str, python: str) -> Iterator[Told]:
    version, enough = _version(written), floor.enough
    if version is None:
        yield Told(Verdict.UNKNOWN, f"{floor.package} {written}: that is no version")
    elif any(SpecifierSet(one).contains(version, prereleases=True) for one in floor.well):
        return
    elif enough and _below(python, enough.below) and SpecifierSet(enough.well).contains(version, prereleases=True):
        said = f"{floor.package} {version} is the newest for Python {python}: {enough.shut}"
        yield Told(Verdict.WARNED, said, NEW_PYTHON)
    else:
        mend = NEW_PYTHON if _below(python, NEW_ENOUGH) else TODAYS
        yield Told(Verdict.FAILED, f"{floor.package} {version}: {floor.hole}", mend)


def _openssh(codename: str, version: str, today: str) -> Iterator[Told]:
    floor, system = catalog.openssh_floors().get(codename), catalog.system(codename)
    over = system is not None and system.security_until < max(today, catalog.floors_source()[0])
    older = debian.older(version, floor or "0")
    if older is None:
        yield Told(Verdict.UNKNOWN, f"the version of OpenSSH is not told: {version or 'nothing'}")
    elif floor and older:
        said = f"openssh-server {version}: holes that {codename} closed in {floor} are open"
        yield Told(Verdict.FAILED, said, NEW_SYSTEM if over else TODAYS)
    elif over and system:
        said = f"openssh-server {version}: {codename} closes no hole that was found after {system.security_until}"
        yield Told(Verdict.WARNED, said, NEW_SYSTEM)
    elif floor is None:
        yield Told(Verdict.UNKNOWN, f"which OpenSSH of {codename or 'this system'} has no known hole is not known")


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _below(python: str, other: str) -> bool:
    """Say whether a Python is older than another; one that is not told is not."""
    one, than = _version(python), Version(other)
    return one is not None and one < than
