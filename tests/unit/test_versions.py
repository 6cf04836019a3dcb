"""Judge the versions of a workspace's servers, and order Debian versions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envkit import catalog
from envkit.checks.audit import dpkg_version, vulnerable_versions
from envkit.model.report import Observation, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.report import Finding

server_info: Any = importlib.import_module("envkit.guest.server_info")
SERVER = {"jupyter-server": ["2.21.1"], "jupyter-server-proxy": ["4.6.0"], "tornado": ["6.6.1"]}
SYSTEM = {"python": "3.11", "codename": "bookworm", "openssh": "1:9.2p1-2+deb12u10"}


def judge(server: dict[str, Any] | None = None, *, today: str = "2026-11-23", **system: Any) -> Finding:
    """Judge current packages with other server versions or another system."""
    packages = {**SYSTEM, "versions": {**SERVER, **(server or {})}, **system}
    return vulnerable_versions.check(
        [Observation("audit.packages", packages), Observation("audit.image", {"today": today})]
    )


def test_current_packages_pass() -> None:
    assert judge().status is Verdict.PASSED
    assert "2026-" in judge().detail


def test_a_version_below_its_floor_is_one_fault() -> None:
    for package, vulnerable, fixed in (
        ("jupyter-server", "2.20.9", "2.21.0"),
        ("jupyter-server", "1.24.0", "3.0"),
        ("jupyter-server-proxy", "4.1.2", "4.2.0"),
        ("jupyter-server-proxy", "3.2.4", "5.0"),
        ("jupyterlab", "4.6.1", "4.6.2"),
        ("jupyterlab", "4.5.9", "4.5.10"),
        ("jupyterlab", "4.4.99", "5.0"),
        ("tornado", "6.5.4", "6.5.5"),
        ("tornado", "6.5.5rc1", "6.5.10"),
        ("notebook", "6.5.7", "7.5.6"),
        ("notebook", "7.5.5", "7.6.0"),
        ("nbconvert", "7.17.0", "7.17.1"),
    ):
        finding = judge({package: [vulnerable]})
        assert (finding.status, len(finding.data["faults"])) == (Verdict.FAILED, 1), (package, vulnerable)
        assert finding.detail.startswith(f"{package} {vulnerable}: "), (package, vulnerable)
        assert judge({package: [fixed]}).status is Verdict.PASSED, (package, fixed)


def test_the_older_of_two_versions_counts() -> None:
    assert judge({"tornado": ["6.6.1", "6.4.2"]}).status is Verdict.FAILED


def test_only_the_server_itself_must_be_installed() -> None:
    assert judge({"tornado": []}).status is Verdict.PASSED
    assert judge({"jupyter-server": []}).status is Verdict.UNKNOWN


def test_invalid_versions_are_unknown() -> None:
    for version in ("", "new", "2.21.1; rm", "9" * 5000 + "."):
        assert judge({"tornado": [version]}).status is Verdict.UNKNOWN, version[:20]
        assert judge(openssh=version).status is Verdict.UNKNOWN, version[:20]


def test_a_mitigated_server_on_an_old_python_warns() -> None:
    for python, version, status in (
        ("3.9", "2.18.2", Verdict.WARNED),
        ("3.8", "2.18.0", Verdict.WARNED),
        ("3.9", "2.17.0", Verdict.FAILED),
        ("3.8", "2.14.2", Verdict.FAILED),
        ("3.10", "2.18.2", Verdict.FAILED),
        ("3.12", "2.18.2", Verdict.FAILED),
        ("", "2.18.2", Verdict.FAILED),
        ("3.9", "2.21.0", Verdict.PASSED),
    ):
        finding = judge({"jupyter-server": [version]}, python=python)
        assert finding.status is status, (python, version)
        if python in {"3.8", "3.9"} and status is not Verdict.PASSED:
            assert finding.hint == vulnerable_versions.PYTHON_HINT, (python, version)


def test_openssh_is_judged_by_the_fixes_of_its_system() -> None:
    for codename, version, status in (
        ("bookworm", "1:9.2p1-2+deb12u9", Verdict.FAILED),
        ("bookworm", "1:9.2p1-2+deb12u11", Verdict.PASSED),
        ("bookworm", "1:9.2p1-2", Verdict.FAILED),
        ("bookworm", "1:9.2p1-2+deb12u10~bpo1", Verdict.FAILED),
        ("bookworm", "2:1.0", Verdict.PASSED),
        ("bookworm", "9.9p1-1", Verdict.FAILED),
        ("focal", "1:8.2p1-4ubuntu0.9", Verdict.FAILED),
        ("forky", "1:10.3p1-1", Verdict.UNKNOWN),
        # Systems past their end receive no further fixes.
        ("focal", "1:8.2p1-4ubuntu0.13", Verdict.WARNED),
        ("bullseye", "1:8.4p1-5+deb11u7", Verdict.WARNED),
        ("lunar", "1:9.0p1-1ubuntu8", Verdict.WARNED),
        ("lunar", "", Verdict.UNKNOWN),
        ("", "1:9.2p1-2+deb12u10", Verdict.UNKNOWN),
    ):
        assert judge(codename=codename, openssh=version).status is status, (codename, version)


def test_the_worst_package_determines_the_status() -> None:
    assert judge({"tornado": ["6.4.2"]}, openssh="").status is Verdict.FAILED
    assert judge({"jupyter-server": ["2.18.2"]}, python="3.9", openssh="").status is Verdict.UNKNOWN


def test_a_system_warns_after_its_end_of_support() -> None:
    assert judge(today="2028-06-30").status is Verdict.PASSED
    ended = judge(today="2028-07-01")
    assert ended.status is Verdict.WARNED
    assert "2028-06-30" in ended.detail


def test_each_fault_has_its_own_hint() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"openssh": "1:9.2p1-2"}, vulnerable_versions.REBUILD_HINT),
        ({"server": {"tornado": ["6.4.2"]}}, vulnerable_versions.REBUILD_HINT),
        ({"server": {"tornado": ["6.4.2"]}, "python": "3.8"}, vulnerable_versions.PYTHON_HINT),
        # A newer Python does not bring a newer OpenSSH.
        ({"openssh": "1:9.2p1-2", "python": "3.9"}, vulnerable_versions.REBUILD_HINT),
        ({"openssh": "1:8.2p1-4ubuntu0.13", "codename": "focal", "python": "3.8"}, vulnerable_versions.SYSTEM_HINT),
        ({"openssh": "1:8.4p1-5", "codename": "bullseye"}, vulnerable_versions.SYSTEM_HINT),
    )
    for changes, hint in cases:
        assert judge(**changes).hint == hint, changes


def test_two_faults_have_two_hints() -> None:
    finding = judge({"tornado": ["6.4.2"]}, python="3.8", openssh="1:9.2p1-2")
    assert finding.hint == f"{vulnerable_versions.PYTHON_HINT} / {vulnerable_versions.REBUILD_HINT}"


def test_debian_versions_are_ordered_as_by_dpkg() -> None:
    for older, newer in (
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0+b1"),
        ("1.0", "1.0.1"),
        ("1.9", "1.10"),
        ("1.0-1", "1.0-2"),
        ("9:0", "10:0"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+"),
        ("1.0-1~~", "1.0-1~"),
        ("1.0-1", "1.0-1ubuntu1"),
        ("1-2-1", "1-3-1"),
    ):
        assert dpkg_version.is_older(older, newer) is True, (older, newer)
        assert dpkg_version.is_older(newer, older) is False, (older, newer)
        assert dpkg_version.is_older(older, older) is False, older


def test_versions_that_dpkg_rejects_are_invalid() -> None:
    for version in ("", "x", "1.0 ", "1.0\n", "1:2:3", "\u0661", "a:1", "1.0-", "1" * 300):
        assert dpkg_version.is_older(version, "1.0") is None, version


# ── the catalog ──


def test_every_floor_accepts_and_rejects_a_version() -> None:
    for floor in catalog.floors():
        assert not any(SpecifierSet(specifier).contains("0.1") for specifier in floor.fixed_versions), floor.package
        assert any(SpecifierSet(specifier).contains("99") for specifier in floor.fixed_versions), floor.package
        assert floor.vulnerability, floor.package
        assert floor.source.startswith(("measured ", "read ", "unconfirmed ")), floor.package
        if floor.mitigation:
            assert Version(floor.mitigation.python_below) == Version(vulnerable_versions.MIN_PYTHON), floor.package


def test_every_supported_system_has_an_openssh_floor() -> None:
    day, source = catalog.floors_source()
    assert source.startswith("read ")
    systems = {codename: catalog.system(codename) for codename in catalog.systems()}
    supported = {codename for codename, system in systems.items() if system and system.security_until >= day}
    assert supported <= catalog.openssh_floors().keys() <= systems.keys()
    for codename, version in catalog.openssh_floors().items():
        system = systems[codename]
        assert system is not None, codename
        assert dpkg_version.is_older(version, version) is False, codename
        assert version.startswith(f"1:{system.openssh}p1-"), codename


def test_floors_and_inspected_packages_are_the_same() -> None:
    assert {floor.package for floor in catalog.floors()} == server_info.SERVER_PACKAGES


# ── the inspection ──


def test_versions_are_read_from_dist_info_folders(tmp_path: Path) -> None:
    site_packages = tmp_path / "lib/python3.12/site-packages"
    for name in ("jupyter_server-2.21.1", "Jupyter_Server_Proxy-4.6.0", "tornado-6.6.1", "tornado-6.4", "numpy-1.26.4"):
        (site_packages / f"{name}.dist-info").mkdir(parents=True)
    release = tmp_path / "os-release"
    release.write_text('NAME="Ubuntu"\nVERSION_CODENAME="noble"\n')
    packages = server_info.inspect_server_packages(tmp_path, release)
    assert packages["python"] == "3.12"
    assert {name: sorted(versions) for name, versions in packages["versions"].items()} == {
        "jupyter-server": ["2.21.1"],
        "jupyter-server-proxy": ["4.6.0"],
        "tornado": ["6.4", "6.6.1"],
    }
    assert packages["codename"] == "noble"


def test_an_empty_folder_reports_no_versions(tmp_path: Path) -> None:
    packages = server_info.inspect_server_packages(tmp_path, tmp_path / "none")
    assert (packages["python"], packages["versions"], packages["codename"]) == ("", {}, "")
