"""Judge whether the versions of a workspace's servers have published vulnerabilities, without the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from envkit import catalog
from envkit.checks import observations as obs
from envkit.checks.audit import dpkg_version
from envkit.checks.audit.finding import judge
from envkit.checks.audit.inside import unknown_reason
from envkit.checks.check import make_finding
from envkit.model.report import Verdict
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.release import Floor
    from envkit.model.report import Finding, Observation

SERVER_PACKAGE = "jupyter-server"  # always installed: if it is missing, the wrong folder was searched
MIN_PYTHON = "3.10"  # of the newest server and all its dependencies
PYTHON_HINT = "set build.python_mirror in envkit.yaml for a newer Python of the server, then: envkit up"
SYSTEM_HINT = "set base: debian in envkit.yaml, or an image of a system that still receives fixes, then: envkit up"
REBUILD_HINT = "install the newest envkit, then rebuild the image with current packages: envkit up --pull"
SEVERITY_ORDER = (Verdict.FAILED, Verdict.UNKNOWN, Verdict.WARNED)


@dataclass(frozen=True, slots=True)
class PackageVerdict:
    """Result for one package."""

    status: Verdict
    detail: str
    hint: str = ""


def check(observations: Sequence[Observation]) -> Finding:
    """Judge the installed versions."""
    if reason := unknown_reason(observations, "audit.packages"):
        return judge("audit/packages", (), reason)
    data = obs.data(observations, "audit.packages")
    today = obs.text(obs.data(observations, "audit.image"), "today")
    verdicts = [*_judge_server(data), *_judge_openssh(obs.text(data, "codename"), obs.text(data, "openssh"), today)]
    worst = next(
        (status for status in SEVERITY_ORDER if any(status is verdict.status for verdict in verdicts)), Verdict.PASSED
    )
    worst_verdicts = [verdict for verdict in verdicts if verdict.status is worst]
    detail, hint = (
        "; ".join(verdict.detail for verdict in worst_verdicts),
        " / ".join(dict.fromkeys(verdict.hint for verdict in worst_verdicts)),
    )
    if worst is Verdict.WARNED:
        return make_finding("audit/packages", single_line(detail), status=worst, hint=hint)
    if worst is Verdict.FAILED:
        return judge("audit/packages", [verdict.detail for verdict in worst_verdicts], hint=hint)
    pass_detail = f"the servers have no vulnerability known on {catalog.floors_source()[0]}"
    return judge("audit/packages", (), detail, pass_detail)


def _judge_server(data: Mapping[str, Any]) -> Iterator[PackageVerdict]:
    versions, python = obs.table(data, "versions"), obs.text(data, "python")
    if not obs.texts(versions, SERVER_PACKAGE):
        yield PackageVerdict(Verdict.UNKNOWN, f"{SERVER_PACKAGE} is not in the expected folder")
    for floor in catalog.floors():
        for version in obs.texts(versions, floor.package):
            yield from _judge_package(floor, version, python)


def _judge_package(floor: Floor, version_text: str, python: str) -> Iterator[PackageVerdict]:
    version, mitigation = _parse_version(version_text), floor.mitigation
    if version is None:
        yield PackageVerdict(Verdict.UNKNOWN, f"{floor.package}: invalid version {version_text}")
    elif any(SpecifierSet(specifier).contains(version, prereleases=True) for specifier in floor.fixed_versions):
        return
    elif (
        mitigation
        and _is_below(python, mitigation.python_below)
        and SpecifierSet(mitigation.specifier).contains(version, prereleases=True)
    ):
        detail = f"{floor.package} {version} is the newest for Python {python}: {mitigation.measure}"
        yield PackageVerdict(Verdict.WARNED, detail, PYTHON_HINT)
    else:
        hint = PYTHON_HINT if _is_below(python, MIN_PYTHON) else REBUILD_HINT
        yield PackageVerdict(Verdict.FAILED, f"{floor.package} {version}: {floor.vulnerability}", hint)


def _judge_openssh(codename: str, version: str, today: str) -> Iterator[PackageVerdict]:
    floor, system = catalog.openssh_floors().get(codename), catalog.system(codename)
    is_unsupported = system is not None and system.security_until < max(today, catalog.floors_source()[0])
    is_older = dpkg_version.is_older(version, floor or "0")
    if is_older is None:
        yield PackageVerdict(Verdict.UNKNOWN, f"the version of OpenSSH is not known: {version or 'none'}")
    elif floor and is_older:
        detail = f"openssh-server {version} lacks fixes that {codename} released in {floor}"
        yield PackageVerdict(Verdict.FAILED, detail, SYSTEM_HINT if is_unsupported else REBUILD_HINT)
    elif is_unsupported and system:
        detail = f"openssh-server {version}: {codename} receives no fixes after {system.security_until}"
        yield PackageVerdict(Verdict.WARNED, detail, SYSTEM_HINT)
    elif floor is None:
        yield PackageVerdict(
            Verdict.UNKNOWN, f"the fixed version of OpenSSH for {codename or 'this system'} is not known"
        )


def _parse_version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _is_below(python: str, limit: str) -> bool:
    """Return whether a Python is older than a limit; an unknown one is not."""
    version, limit_version = _parse_version(python), Version(limit)
    return version is not None and version < limit_version
