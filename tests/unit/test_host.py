"""Facts about the host: proxies, certificates, files and GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import checks, host, host_fingerprint
from envkit.checks import gpu
from envkit.model.facts import HostQuery

if TYPE_CHECKING:
    from pathlib import Path


def test_no_proxy_applies_without_the_callers_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://own:3128")
    monkeypatch.setenv("NO_PROXY", "mirror.corp")
    assert host.inspect(HostQuery(str(tmp_path), proxy=False)).network.proxies == {"no_proxy": "mirror.corp"}
    assert host.inspect(HostQuery(str(tmp_path), proxy=False)).network.run_proxies == {}


def test_only_certificates_beyond_the_public_ones_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public, packaged, own, configured = (_certificate(letter) for letter in ("MIIp", "MIIq", "MIIo", "MIIn"))
    (tmp_path / "share").mkdir()
    (tmp_path / "share/packaged.crt").write_text(packaged)
    (tmp_path / "certifi.pem").write_text(f"# Public\n{public}")
    (tmp_path / "bundle.pem").write_text(public + own + packaged)
    (tmp_path / "named.pem").write_text(f"# Ours\r\n{configured}{public}".replace("\n", "\r\n"))
    for variable in host_fingerprint.CA_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(host_fingerprint, "SYSTEM_CA", (str(tmp_path / "bundle.pem"), str(tmp_path / "none")))
    monkeypatch.setattr(host, "PUBLIC_CA", str(tmp_path / "share/**/*.crt"))
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "certifi.pem"))
    assert host.extra_ca() == own
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "named.pem"))
    assert host.extra_ca() == configured + own
    (tmp_path / "bundle.pem").write_text(packaged + public)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert host.extra_ca() == ""
    (tmp_path / "bundle.pem").write_text(public)
    monkeypatch.setattr(host, "PUBLIC_CA", None)  # certificates from certifi need no other files
    assert host.extra_ca() == ""


def _certificate(content: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n"


def test_the_projects_config_is_found_outside_the_workspace(tmp_path: Path) -> None:
    project = tmp_path / "vision"
    project.mkdir()
    (project / "envkit.yaml").write_text("workspace: ..\n")
    config_files = host.inspect(HostQuery(str(project), workspace="..")).config_files
    assert config_files == {str(project.resolve() / "envkit.yaml"): "workspace: ..\n"}


def test_a_file_is_world_readable_by_its_and_its_folders_mode(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    key = home / "key"
    key.touch()
    for folder_mode, mode, is_readable in (
        (0o755, 0o644, True),
        (0o711, 0o604, True),
        (0o755, 0o640, False),
        (0o750, 0o644, False),
    ):
        home.chmod(folder_mode)
        key.chmod(mode)
        assert host.is_world_readable(key, root=home) == is_readable, (oct(folder_mode), oct(mode))


def test_world_readable_secrets_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("open", "closed"):
        (tmp_path / name).touch()
    monkeypatch.setattr(host, "is_world_readable", lambda path: path.name == "open")
    query = HostQuery(str(tmp_path), secrets=(("A", "open"), ("B", "closed"), ("C", "gone")))
    assert host.inspect(query).exposed_secrets == ("A",)


DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2 14:37:44 UTC 2024\n"
OPEN_DRIVER = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build\n"
# Rows of the failure table: PCI devices by vendor and class, or no bus; the driver's version file; check; hint.
HOSTS: dict[str, tuple[list[tuple[str, str]] | None, str, str, str]] = {
    "1 no GPU": ([("0x8086", "0x030000")], "", "gpu/device-missing", "use a machine with an NVIDIA GPU"),
    "1 an NVIDIA device that is none": ([("0x10de", "0x040300")], "", "gpu/device-missing", "--no-gpu"),
    "1 a GPU without a driver": ([("0x10de", "0x030200")], "", "gpu/driver-missing", "sudo modprobe nvidia"),
    "1 a GPU and its driver": ([("0x10de", "0x030200")], DRIVER, "", ""),
    "1 a GPU and its open driver": ([("0x10de", "0x030000")], OPEN_DRIVER, "", ""),
    "1 no bus to look at": (None, "", "gpu/driver-missing", "lspci"),
}


@pytest.mark.proves("the report of a failing GPU names the layer that failed", "stand-in")
@pytest.mark.parametrize("row", HOSTS)
def test_a_missing_gpu_or_driver_is_reported_with_a_hint(row: str, tmp_path: Path) -> None:
    devices, driver, check, hint = HOSTS[row]
    if devices is not None:
        (tmp_path / host_fingerprint.PCI).mkdir(parents=True)
    for number, (vendor, device_class) in enumerate(devices or ()):
        folder = tmp_path / host_fingerprint.PCI / f"0000:0{number}:00.0"
        folder.mkdir()
        (folder / "vendor").write_text(vendor + "\n")
        (folder / "class").write_text(device_class + "\n")
    if driver:
        (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
        (tmp_path / "proc/driver/nvidia/version").write_text(driver)
    finding = gpu.preflight(required=True, host=host.gpu(tmp_path), engine=None)
    assert (finding.check if finding else "") == check
    assert hint in (finding.hint if finding else "")
    assert not finding or checks.exit_code([finding]) == 5


def test_texts_that_are_not_utf_8_are_named_by_their_encoding(tmp_path: Path) -> None:
    for name, content, expected in [
        ("bom", "numpy\n".encode("utf-16"), "UTF-16"),
        ("plain", "numpy\n".encode("utf-16-le"), "UTF-16LE"),
        ("wide", "numpy\n".encode("utf-32"), "UTF-32"),
        ("latin", "numpy # naïve\n".encode("latin-1"), "ISO-8859-1"),
        ("utf-8", "numpy # naïve\n".encode("utf-8-sig"), None),
        ("empty", b"", None),
    ]:
        (tmp_path / name).write_bytes(content)
        facts = host.inspect(HostQuery(str(tmp_path), texts=(name,)))
        assert facts.encodings.get(name) == expected, name
