from __future__ import annotations

import dataclasses
import re
import runpy
from datetime import date
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envkit import catalog

RELEASES = catalog.releases()
MAY_BE_EMPTY = {"official_tag", "official_tag_gpu", "known_broken", "proven", "wheels_gpu", "also", "broken"}


def test_releases_stand_in_version_order_without_duplicates() -> None:
    versions = [Version(one.version) for one in RELEASES]
    assert versions == sorted(set(versions))
    assert versions[0] == Version("2.7.0")


def test_one_release_of_each_kernel_is_proven_and_so_is_the_default() -> None:
    proven = [one for one in RELEASES if one.proven]
    assert catalog.DEFAULT_RELEASE in [one.version for one in proven]
    assert {(one.suite, one.python) for one in proven} == {(one.suite, one.python) for one in RELEASES}


def test_a_gpu_release_brings_cuda_one_way_or_the_other() -> None:
    for release in RELEASES:
        assert ("[and-cuda]" in release.package_gpu) != bool(release.wheels_gpu), release.version
        assert {Requirement(one).specifier.prereleases for one in release.wheels_gpu} <= {None, False}
        cuda = release.cuda.split(".")[0]
        assert all(f"-cu{cuda}==" in one for one in release.wheels_gpu), release.version
        assert any(one.startswith("libcudnn.so.") for one in release.libraries), release.version


def test_a_release_says_everything() -> None:
    for release in RELEASES:
        fields = {field.name: getattr(release, field.name) for field in dataclasses.fields(release)}
        empty = [name for name, value in fields.items() if not value and name not in MAY_BE_EMPTY]
        assert empty == [], release.version


def test_versions_of_cuda_cudnn_and_driver_read_as_versions() -> None:
    for release in RELEASES:
        for number in (release.cuda, release.cudnn, release.driver_min):
            assert re.fullmatch(r"[0-9]+(\.[0-9]+){1,2}", number), release.version


def test_architectures_rise_and_end_in_the_one_with_ptx() -> None:
    for release in RELEASES:
        numbers = [int(one.removeprefix("sm_")) for one in release.compute_capabilities]
        assert numbers == sorted(set(numbers)), release.version
        assert release.ptx == f"compute_{numbers[-1]}", release.version


def test_packages_are_pinned_to_the_release() -> None:
    for release in RELEASES:
        cpu, gpu = Requirement(release.package_cpu), Requirement(release.package_gpu)
        assert (cpu.name, gpu.name) == ("tensorflow-cpu", "tensorflow")
        assert cpu.specifier == gpu.specifier == SpecifierSet(f"=={release.version}")
        assert gpu.extras <= {"and-cuda"}


def test_bounds_parse_name_a_package_once_and_give_a_reason() -> None:
    for release in RELEASES:
        packages = [bound.package for bound in release.bounds]
        assert {"protobuf", "numpy"} <= set(packages), release.version
        assert len(packages) == len(set(packages)), release.version
        for bound in release.bounds:
            assert len(SpecifierSet(bound.specifier)) > 0
            assert len(bound.reason.split()) > 3


def test_the_kernel_runs_on_a_python_that_the_release_and_its_suite_have() -> None:
    for release in RELEASES:
        assert Version(release.python_min) <= Version(release.python) <= Version(release.python_max)
        assert catalog.suite(release.python_suite).python == release.python
        assert release.python_suite in {release.suite, "bullseye"}


def test_a_kernel_borrows_its_python_only_where_no_supported_suite_has_one() -> None:
    oldest = Version(catalog.suite("bookworm").python)
    needs = {one.version for one in RELEASES if Version(one.python_max) < oldest}
    assert {one.version for one in RELEASES if one.python_suite == "bullseye"} == needs


def test_the_server_runs_on_a_suite_with_key_exchanges_and_security_updates() -> None:
    for name in {release.suite for release in RELEASES}:
        assert catalog.suite(name).kex
        assert date.fromisoformat(catalog.suite(name).security_until) >= date(2028, 6, 30)


def test_official_tags_carry_the_version_or_the_release_says_that_there_are_none() -> None:
    for release in RELEASES:
        tags = (release.official_tag, release.official_tag_gpu)
        if release.known_broken.startswith("No official image"):
            assert tags == ("", "")
        else:
            assert tags == (f"{release.version}-jupyter", f"{release.version}-gpu-jupyter")


def test_every_source_says_how_far_it_can_be_trusted() -> None:
    for release in RELEASES:
        assert len(release.sources) == len(set(release.sources)), release.version
        for source in release.sources:
            assert re.fullmatch(r"(measured|read|unconfirmed)\b.+\w", source), source


@pytest.mark.parametrize(
    ("version", "package", "refused", "allowed"),
    [
        ("2.9.0", "protobuf", "4.21.12", "3.19.6"),
        ("2.9.0", "protobuf", "3.20.3", "3.19.6"),
        ("2.9.0", "numpy", "2.0.2", "1.23.5"),
        ("2.9.0", "setuptools", "82.0.1", "81.0.0"),
        ("2.12.0", "numpy", "1.24.3", "1.23.5"),
        ("2.12.1", "numpy", "1.24.4", "1.24.3"),
        ("2.14.0", "numpy", "2.0.0", "1.26.4"),
        ("2.18.0", "protobuf", "4.21.3", "5.29.6"),
        ("2.21.0", "protobuf", "5.29.6", "6.33.6"),
    ],
)
def test_bounds_keep_out_what_breaks_the_import(
    version: str,
    package: str,
    refused: str,
    allowed: str,
) -> None:
    bounds = {bound.package: SpecifierSet(bound.specifier) for bound in catalog.release(version).bounds}
    assert refused not in bounds[package]
    assert allowed in bounds[package]


@pytest.mark.parametrize(
    ("version", "capability", "runs_natively"),
    [
        ("2.9.0", "sm_80", True),
        ("2.9.0", "sm_90", False),
        ("2.14.1", "sm_35", True),
        ("2.15.0", "sm_35", False),
        ("2.16.1", "sm_90", True),
        ("2.17.0", "sm_50", False),
    ],
)
def test_compute_capabilities_are_those_of_the_wheel(version: str, capability: str, runs_natively: bool) -> None:
    assert (capability in catalog.release(version).compute_capabilities) is runs_natively


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("2.9.0", "2.9.0"),
        ("2.9.3", "2.9.3"),
        ("2.15.0.post1", "2.15.0.post1"),
        ("2.9", "2.9.0"),
        ("2.10", "2.10.0"),
        ("2.16", "2.16.1"),
    ],
)
def test_a_series_means_its_first_release(asked: str, got: str) -> None:
    assert catalog.release(asked).version == got


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("2.9.7", ("2.9.3",)),
        ("2.16.0", ("2.16.1",)),
        ("2.15.0.post7", ("2.15.0.post1", "2.15.1")),
        ("2.6.0", ("2.7.0",)),
        ("2.6", ("2.7.0",)),
        ("3.0.0", ("2.21.0",)),
        ("2", ("2.9.0",)),
        ("", ("2.9.0",)),
        ("latest", ("2.9.0",)),
        ("2.9.0\n", ("2.9.0",)),
        ("v2.9.0", ("2.9.0",)),
        ("2.9.*", ("2.9.0",)),
        ("\u0662.\u0669.\u0660", ("2.9.0",)),
        ("9" * 5000, ("2.9.0",)),
    ],
)
def test_an_unknown_release_names_the_nearest(asked: str, nearest: tuple[str, ...]) -> None:
    with pytest.raises(catalog.UnknownRelease) as raised:
        catalog.release(asked)
    assert (raised.value.version, raised.value.nearest) == (asked, nearest)


def test_the_message_of_an_unknown_release_says_what_to_write_instead() -> None:
    with pytest.raises(LookupError, match=r"TensorFlow '2\.15\.0\.post7' .* 2\.15\.0\.post1 or 2\.15\.1"):
        catalog.release("2.15.0.post7")


def test_an_unknown_suite_names_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"'buster' is not .* holds bookworm, trixie, bullseye"):
        catalog.suite("buster")


@pytest.mark.parametrize(
    ("name", "python", "openssh", "strongest"),
    [
        ("bookworm", "3.11", "9.2", "sntrup761x25519-sha512@openssh.com"),
        ("trixie", "3.13", "10.0", "mlkem768x25519-sha256"),
    ],
)
def test_a_suite_offers_a_key_exchange_that_outlasts_quantum_computers_first(
    name: str,
    python: str,
    openssh: str,
    strongest: str,
) -> None:
    suite = catalog.suite(name)
    assert (suite.python, suite.openssh, suite.kex[0]) == (python, openssh, strongest)


def test_a_suite_past_its_support_lends_its_python_and_runs_no_server() -> None:
    assert catalog.suite("bullseye").kex == ()
    assert "bullseye" not in {release.suite for release in RELEASES}


def test_every_entry_of_the_data_is_used() -> None:
    data = catalog._data()
    layers = [data["every_release"]]
    for series in data["series"].values():
        layers += [series, *series["patches"].values()]
    for table, key in (("kernels", "kernel"), ("builds", "build"), ("broken", "broken")):
        assert {layer[key] for layer in layers if key in layer} == set(data[table])
    for table in ("bounds", "sources"):
        assert {name for layer in layers for name in layer.get(table, [])} == set(data[table])


def test_the_data_has_no_key_that_nothing_reads() -> None:
    read = {
        "pythons",
        "build",
        "kernel",
        "bounds",
        "broken",
        "published",
        "package_gpu",
        "wheels",
        "also",
        "proven",
        "sources",
    }
    for name, series in catalog._data()["series"].items():
        assert set(series) - {"patches"} <= read
        for version, own in series["patches"].items():
            assert set(own) <= read
            assert version.startswith(f"{name}.")


def test_the_page_of_the_catalogue_is_current() -> None:
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "make_catalog_page.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["page"](), "run scripts/make_catalog_page.py"
