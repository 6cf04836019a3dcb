"""The catalog: its data is complete and consistent, and lookups return the documented release."""

from __future__ import annotations

import dataclasses
import re
from datetime import date

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envkit import catalog

RELEASES = catalog.releases()
OPTIONAL_FIELDS = {
    "official_tag",
    "official_tag_gpu",
    "image_issue",
    "image_issue_id",
    "proven",
    "wheels_gpu",
    "extra_packages",
    "companions",
}


def test_releases_are_unique_and_in_version_order() -> None:
    versions = [Version(release.version) for release in RELEASES]
    assert versions == sorted(set(versions))
    assert versions[0] == Version("2.7.0")


def test_the_default_and_a_release_of_each_kernel_are_proven() -> None:
    proven = [release for release in RELEASES if release.proven]
    assert catalog.DEFAULT_RELEASE in [release.version for release in proven]
    assert {(release.suite, release.python) for release in proven} == {
        (release.suite, release.python) for release in RELEASES
    }


def test_a_gpu_release_has_exactly_one_source_of_cuda() -> None:
    for release in RELEASES:
        assert ("[and-cuda]" in release.package_gpu) != bool(release.wheels_gpu), release.version
        assert {Requirement(wheel).specifier.prereleases for wheel in release.wheels_gpu} <= {None, False}
        cuda = release.cuda.split(".")[0]
        assert all(f"-cu{cuda}==" in wheel for wheel in release.wheels_gpu), release.version
        assert any(library.startswith("libcudnn.so.") for library in release.libraries), release.version


def test_a_release_has_all_required_fields() -> None:
    for release in RELEASES:
        fields = {field.name: getattr(release, field.name) for field in dataclasses.fields(release)}
        empty = [name for name, value in fields.items() if not value and name not in OPTIONAL_FIELDS]
        assert empty == [], release.version


def test_versions_of_cuda_cudnn_and_driver_are_valid() -> None:
    for release in RELEASES:
        for number in (release.cuda, release.cudnn, release.driver_min):
            assert re.fullmatch(r"[0-9]+(\.[0-9]+){1,2}", number), release.version


def test_architectures_are_sorted_and_end_with_the_ptx_one() -> None:
    for release in RELEASES:
        numbers = [int(capability.removeprefix("sm_")) for capability in release.compute_capabilities]
        assert numbers == sorted(set(numbers)), release.version
        assert release.ptx == f"compute_{numbers[-1]}", release.version


def test_packages_are_pinned_to_the_release() -> None:
    for release in RELEASES:
        cpu, gpu = Requirement(release.package_cpu), Requirement(release.package_gpu)
        assert (cpu.name, gpu.name) == ("tensorflow-cpu", "tensorflow")
        assert cpu.specifier == gpu.specifier == SpecifierSet(f"=={release.version}")
        assert gpu.extras <= {"and-cuda"}


def test_bounds_are_valid_unique_and_have_a_reason() -> None:
    for release in RELEASES:
        packages = [bound.package for bound in release.bounds]
        assert {"protobuf", "numpy"} <= set(packages), release.version
        assert len(packages) == len(set(packages)), release.version
        for bound in release.bounds:
            assert len(SpecifierSet(bound.specifier)) > 0
            assert len(bound.reason.split()) > 3


def test_the_kernel_python_fits_the_release_and_its_suite() -> None:
    for release in RELEASES:
        assert Version(release.python_min) <= Version(release.python) <= Version(release.python_max)
        assert catalog.suite(release.python_suite).python == release.python
        assert release.python_suite in {release.suite, "bullseye"}


def test_a_python_is_borrowed_only_if_no_suite_has_one() -> None:
    oldest = Version(catalog.suite("bookworm").python)
    without_suite = {release.version for release in RELEASES if Version(release.python_max) < oldest}
    assert {release.version for release in RELEASES if release.python_suite == "bullseye"} == without_suite


def test_server_suites_have_key_exchanges_and_updates() -> None:
    for name in {release.suite for release in RELEASES}:
        assert catalog.suite(name).kex
        assert date.fromisoformat(catalog.suite(name).security_until) >= date(2028, 6, 30)


def test_official_tags_contain_the_version_or_are_empty() -> None:
    for release in RELEASES:
        tags = (release.official_tag, release.official_tag_gpu)
        if release.image_issue.startswith("No official image"):
            assert tags == ("", "")
        else:
            assert tags == (f"{release.version}-jupyter", f"{release.version}-gpu-jupyter")


def test_every_source_starts_with_its_reliability() -> None:
    for release in RELEASES:
        assert len(release.sources) == len(set(release.sources)), release.version
        for source in release.sources:
            assert re.fullmatch(r"(measured|read|unconfirmed)\b.+\w", source), source


def test_bounds_exclude_versions_that_break_the_import() -> None:
    for version, package, refused, allowed in [
        ("2.9.0", "protobuf", "4.21.12", "3.19.6"),
        ("2.9.0", "protobuf", "3.18.3", "3.20.3"),
        ("2.9.0", "numpy", "2.0.2", "1.23.5"),
        ("2.9.0", "setuptools", "82.0.1", "81.0.0"),
        ("2.12.0", "numpy", "1.24.3", "1.23.5"),
        ("2.12.1", "numpy", "1.24.4", "1.24.3"),
        ("2.14.0", "numpy", "2.0.0", "1.26.4"),
        ("2.18.0", "protobuf", "4.21.3", "5.29.6"),
        ("2.21.0", "protobuf", "5.29.6", "6.33.6"),
    ]:
        bounds = {bound.package: SpecifierSet(bound.specifier) for bound in catalog.release(version).bounds}
        assert refused not in bounds[package], (version, package, refused)
        assert allowed in bounds[package], (version, package, allowed)


def test_compute_capabilities_are_those_of_the_wheel() -> None:
    for version, capability, is_native in [
        ("2.9.0", "sm_80", True),
        ("2.9.0", "sm_90", False),
        ("2.14.1", "sm_35", True),
        ("2.15.0", "sm_35", False),
        ("2.16.1", "sm_90", True),
        ("2.17.0", "sm_50", False),
    ]:
        assert (capability in catalog.release(version).compute_capabilities) is is_native, (version, capability)


def test_a_series_selects_its_first_release() -> None:
    for version, expected in [
        ("2.9.0", "2.9.0"),
        ("2.9.3", "2.9.3"),
        ("2.15.0.post1", "2.15.0.post1"),
        ("2.9", "2.9.0"),
        ("2.10", "2.10.0"),
        ("2.16", "2.16.1"),
    ]:
        assert catalog.release(version).version == expected, version


def test_an_unknown_release_has_the_nearest_known_ones() -> None:
    for version, nearest in [
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
    ]:
        with pytest.raises(catalog.UnknownRelease) as error:
            catalog.release(version)
        assert (error.value.version, error.value.nearest) == (version, nearest)


def test_the_message_of_an_unknown_release_names_alternatives() -> None:
    with pytest.raises(LookupError, match=r"TensorFlow '2\.15\.0\.post7' .* 2\.15\.0\.post1 or 2\.15\.1"):
        catalog.release("2.15.0.post7")


def test_an_unknown_suite_lists_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"'buster' is not .* bookworm, trixie, bullseye"):
        catalog.suite("buster")


def test_a_suite_offers_a_post_quantum_key_exchange_first() -> None:
    for name, python, openssh, kex in [
        ("bookworm", "3.11", "9.2", "sntrup761x25519-sha512@openssh.com"),
        ("trixie", "3.13", "10.0", "mlkem768x25519-sha256"),
    ]:
        suite = catalog.suite(name)
        assert (suite.python, suite.openssh, suite.kex[0]) == (python, openssh, kex), name


def test_an_unsupported_suite_runs_no_server() -> None:
    assert catalog.suite("bullseye").kex == ()
    assert "bullseye" not in {release.suite for release in RELEASES}


def test_every_entry_of_the_data_is_used() -> None:
    data = catalog._data()
    layers = [data["every_release"]]
    for series in data["series"].values():
        layers += [series, *series["patches"].values()]
    for table, key in (("kernels", "kernel"), ("builds", "build"), ("image_issues", "image_issue")):
        assert {layer[key] for layer in layers if key in layer} == set(data[table])
    for table in ("bounds", "companions", "sources"):
        assert {name for layer in layers for name in layer.get(table, [])} == set(data[table])


def test_the_data_has_no_unused_key() -> None:
    known_keys = {
        "pythons",
        "build",
        "kernel",
        "bounds",
        "image_issue",
        "published",
        "package_gpu",
        "wheels",
        "extra_packages",
        "proven",
        "companions",
        "sources",
    }
    for name, series in catalog._data()["series"].items():
        assert set(series) - {"patches"} <= known_keys
        for version, patch in series["patches"].items():
            assert set(patch) <= known_keys
            assert version.startswith(f"{name}.")


def test_companions_of_each_release_are_versions_that_import() -> None:
    for version, package, refused, allowed in [
        ("2.9.0", "tensorboard-plugin-profile", "2.21.4", "2.17.0"),
        ("2.15.1", "tensorboard-plugin-profile", "2.20.9", "2.19.9"),
        ("2.9.0", "tensorflow-probability", "0.18.0", "0.17.0"),
        ("2.15.1", "tensorflow-probability", "0.24.0", "0.23.0"),
        ("2.9.0", "tensorflow-hub", "0.16.1", "0.15.0"),
    ]:
        bounds = {bound.package: SpecifierSet(bound.specifier) for bound in catalog.release(version).companions}
        assert refused not in bounds[package], (version, package)
        assert allowed in bounds[package], (version, package)
    for release in RELEASES:
        assert not {bound.package for bound in release.companions} & {bound.package for bound in release.bounds}
