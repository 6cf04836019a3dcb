"""Which versions of what serves are well, and how Debian's are ordered."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envkit import catalog
from envkit.checks.audit import dpkg_version, vulnerable_versions
from envkit.model.report import Observation, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.report import Finding

served: Any = importlib.import_module("envkit.guest.server_info")
SERVER = {"jupyter-server": ["2.21.1"], "jupyter-server-proxy": ["4.6.0"], "tornado": ["6.6.1"]}
SYSTEM = {"python": "3.11", "codename": "bookworm", "openssh": "1:9.2p1-2+deb12u10"}


def packages(server: dict[str, Any] | None = None, **other: Any) -> Finding:
    """Return the finding on a server with other versions, or on another system."""
    today = other.pop("today", "2026-11-23")
    seen = {**SYSTEM, "versions": {**SERVER, **(server or {})}, **other}
    return vulnerable_versions.check(
        [Observation("audit.packages", seen), Observation("audit.image", {"today": today})]
    )


def test_what_envkit_installs_today_is_well() -> None:
    assert packages().status is Verdict.PASSED
    assert "2026-" in packages().detail


@pytest.mark.parametrize(
    ("package", "old", "well"),
    [
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
    ],
)
def test_a_version_below_its_floor_is_the_one_finding_and_the_next_is_none(package: str, old: str, well: str) -> None:
    found = packages({package: [old]})
    assert (found.status, len(found.data["faults"])) == (Verdict.FAILED, 1)
    assert found.detail.startswith(f"{package} {old}: ")
    assert packages({package: [well]}).status is Verdict.PASSED


def test_of_two_versions_the_old_one_counts() -> None:
    assert packages({"tornado": ["6.6.1", "6.4.2"]}).status is Verdict.FAILED


def test_what_is_not_installed_has_no_hole_but_without_its_server_nothing_was_seen() -> None:
    assert packages({"tornado": []}).status is Verdict.PASSED
    assert packages({"jupyter-server": []}).status is Verdict.UNKNOWN


@pytest.mark.parametrize("version", ["", "new", "2.21.1; rm", "9" * 5000 + "."])
def test_what_is_no_version_is_unknown(version: str) -> None:
    assert packages({"tornado": [version]}).status is Verdict.UNKNOWN
    assert packages(openssh=version).status is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("python", "version", "status"),
    [
        ("3.9", "2.18.2", Verdict.WARNED),
        ("3.8", "2.18.0", Verdict.WARNED),
        ("3.9", "2.17.0", Verdict.FAILED),
        ("3.8", "2.14.2", Verdict.FAILED),
        ("3.10", "2.18.2", Verdict.FAILED),
        ("3.12", "2.18.2", Verdict.FAILED),
        ("", "2.18.2", Verdict.FAILED),
        ("3.9", "2.21.0", Verdict.PASSED),
    ],
)
def test_the_newest_for_an_old_python_warns_where_envkit_shuts_its_hole(
    python: str, version: str, status: Verdict
) -> None:
    found = packages({"jupyter-server": [version]}, python=python)
    assert found.status is status
    if python in {"3.8", "3.9"} and status is not Verdict.PASSED:
        assert "build.python_mirror" in found.hint


@pytest.mark.parametrize(
    ("codename", "version", "status"),
    [
        ("bookworm", "1:9.2p1-2+deb12u9", Verdict.FAILED),
        ("bookworm", "1:9.2p1-2+deb12u11", Verdict.PASSED),
        ("bookworm", "1:9.2p1-2", Verdict.FAILED),
        ("bookworm", "1:9.2p1-2+deb12u10~bpo1", Verdict.FAILED),
        ("bookworm", "2:1.0", Verdict.PASSED),
        ("bookworm", "9.9p1-1", Verdict.FAILED),
        ("focal", "1:8.2p1-4ubuntu0.9", Verdict.FAILED),
        ("forky", "1:10.3p1-1", Verdict.UNKNOWN),
        # Of those past their end nobody hints what was found since.
        ("focal", "1:8.2p1-4ubuntu0.13", Verdict.WARNED),
        ("bullseye", "1:8.4p1-5+deb11u7", Verdict.WARNED),
        ("lunar", "1:9.0p1-1ubuntu8", Verdict.WARNED),
        ("lunar", "", Verdict.UNKNOWN),
        ("", "1:9.2p1-2+deb12u10", Verdict.UNKNOWN),
    ],
)
def test_openssh_is_judged_by_the_fixes_of_its_own_system(codename: str, version: str, status: Verdict) -> None:
    assert packages(codename=codename, openssh=version).status is status


def test_an_old_version_is_told_also_where_another_is_unknown() -> None:
    assert packages({"tornado": ["6.4.2"]}, openssh="").status is Verdict.FAILED
    assert packages({"jupyter-server": ["2.18.2"]}, python="3.9", openssh="").status is Verdict.UNKNOWN


def test_a_system_whose_end_came_since_warns_with_the_same_envkit() -> None:
    assert packages(today="2028-06-30").status is Verdict.PASSED
    ended = packages(today="2028-07-01")
    assert ended.status is Verdict.WARNED
    assert "2028-06-30" in ended.detail


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"openssh": "1:9.2p1-2"}, vulnerable_versions.REBUILD_HINT),
        ({"server": {"tornado": ["6.4.2"]}}, vulnerable_versions.REBUILD_HINT),
        ({"server": {"tornado": ["6.4.2"]}, "python": "3.8"}, vulnerable_versions.PYTHON_HINT),
        # A newer Python is no newer OpenSSH.
        ({"openssh": "1:9.2p1-2", "python": "3.9"}, vulnerable_versions.REBUILD_HINT),
        ({"openssh": "1:8.2p1-4ubuntu0.13", "codename": "focal", "python": "3.8"}, vulnerable_versions.SYSTEM_HINT),
        ({"openssh": "1:8.4p1-5", "codename": "bullseye"}, vulnerable_versions.SYSTEM_HINT),
    ],
)
def test_each_fault_has_its_own_hint(changed: dict[str, Any], hint: str) -> None:
    assert packages(**changed).hint == hint


def test_two_faults_have_two_mends() -> None:
    found = packages({"tornado": ["6.4.2"]}, python="3.8", openssh="1:9.2p1-2")
    assert found.hint == f"{vulnerable_versions.PYTHON_HINT} / {vulnerable_versions.REBUILD_HINT}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
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
    ],
)
def test_versions_of_debian_are_ordered_as_dpkg_orders_them(one: str, other: str) -> None:
    assert dpkg_version.is_older(one, other) is True
    assert dpkg_version.is_older(other, one) is False
    assert dpkg_version.is_older(one, one) is False


@pytest.mark.parametrize("version", ["", "x", "1.0 ", "1.0\n", "1:2:3", "\u0661", "a:1", "1.0-", "1" * 300])
def test_what_dpkg_would_not_take_is_no_version(version: str) -> None:
    assert dpkg_version.is_older(version, "1.0") is None


# ── the table ──


def test_a_floor_takes_a_version_and_leaves_one() -> None:
    for floor in catalog.floors():
        assert not any(SpecifierSet(one).contains("0.1") for one in floor.fixed_versions), floor.package
        assert any(SpecifierSet(one).contains("99") for one in floor.fixed_versions), floor.package
        assert floor.vulnerability, floor.package
        assert floor.source.startswith(("measured ", "read ", "unconfirmed ")), floor.package
        if floor.mitigation:
            assert Version(floor.mitigation.below) == Version(vulnerable_versions.MIN_PYTHON)


def test_every_system_that_still_gets_fixes_has_a_floor_of_openssh() -> None:
    day, source = catalog.floors_source()
    assert source.startswith("read ")
    known = {name: catalog.system(name) for name in catalog.systems()}
    supported = {name for name, one in known.items() if one and one.security_until >= day}
    assert supported <= catalog.openssh_floors().keys() <= known.keys()
    for name, version in catalog.openssh_floors().items():
        suite = known[name]
        assert suite is not None
        assert dpkg_version.is_older(version, version) is False
        assert version.startswith(f"1:{suite.openssh}p1-")


def test_what_is_judged_is_what_is_looked_at() -> None:
    assert {one.package for one in catalog.floors()} == served.SERVER_PACKAGES


# ── the look ──


def test_versions_are_read_as_the_installer_wrote_them(tmp_path: Path) -> None:
    place = tmp_path / "lib/python3.12/site-packages"
    for name in ("jupyter_server-2.21.1", "Jupyter_Server_Proxy-4.6.0", "tornado-6.6.1", "tornado-6.4", "numpy-1.26.4"):
        (place / f"{name}.dist-info").mkdir(parents=True)
    release = tmp_path / "os-release"
    release.write_text('NAME="Ubuntu"\nVERSION_CODENAME="noble"\n')
    seen = served.inspect_server_packages(tmp_path, release)
    assert seen["python"] == "3.12"
    assert {name: sorted(found) for name, found in seen["versions"].items()} == {
        "jupyter-server": ["2.21.1"],
        "jupyter-server-proxy": ["4.6.0"],
        "tornado": ["6.4", "6.6.1"],
    }
    assert seen["codename"] == "noble"


def test_where_nothing_is_installed_nothing_is_told(tmp_path: Path) -> None:
    seen = served.inspect_server_packages(tmp_path, tmp_path / "none")
    assert (seen["python"], seen["versions"], seen["codename"]) == ("", {}, "")
