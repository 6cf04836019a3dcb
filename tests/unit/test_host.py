"""What is seen of the host: with links, variables and folders as somebody may have left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit import checks, host
from envkit.checks import gpu
from envkit.model.facts import HostQuery

if TYPE_CHECKING:
    from pathlib import Path


def test_who_needs_no_proxy_is_seen_whatever_proxy_the_config_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://own:3128")
    monkeypatch.setenv("NO_PROXY", "mirror.corp")
    assert host.inspect(HostQuery(str(tmp_path), proxy=False)).proxies == {"no_proxy": "mirror.corp"}
    assert host.inspect(HostQuery(str(tmp_path), proxy=False)).run_proxies == {}


def test_what_this_host_trusts_beyond_the_public_certificates_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, packaged, own, named = (_certificate(letter) for letter in ("MIIp", "MIIq", "MIIo", "MIIn"))
    (tmp_path / "share").mkdir()
    (tmp_path / "share/packaged.crt").write_text(packaged)
    (tmp_path / "certifi.pem").write_text(f"# Public\n{public}")
    (tmp_path / "bundle.pem").write_text(public + own + packaged)
    (tmp_path / "named.pem").write_text(f"# Ours\r\n{named}{public}".replace("\n", "\r\n"))
    for variable in host.CA_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(host, "SYSTEM_CA", (str(tmp_path / "bundle.pem"), str(tmp_path / "none")))
    monkeypatch.setattr(host, "PUBLIC_CA", str(tmp_path / "share/**/*.crt"))
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "certifi.pem"))
    assert host.extra_ca() == own
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "named.pem"))
    assert host.extra_ca() == named + own
    (tmp_path / "bundle.pem").write_text(packaged + public)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert host.extra_ca() == ""
    (tmp_path / "bundle.pem").write_text(public)
    monkeypatch.setattr(host, "PUBLIC_CA", None)  # what certifi knows needs no look at the many files
    assert host.extra_ca() == ""


def _certificate(content: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n"


def test_the_config_of_the_project_is_seen_wherever_the_workspace_is(tmp_path: Path) -> None:
    project = tmp_path / "vision"
    project.mkdir()
    (project / "envkit.yaml").write_text("workspace: ..\n")
    seen = host.inspect(HostQuery(str(project), workspace="..")).config_files
    assert seen == {str(project.resolve() / "envkit.yaml"): "workspace: ..\n"}


@pytest.mark.parametrize(
    ("folder", "mode", "open_"),
    [
        (0o755, 0o644, True),
        (0o711, 0o604, True),
        (0o755, 0o640, False),
        (0o750, 0o644, False),
    ],
)
def test_a_secret_is_exposed_where_file_and_folders_let_everybody_read(
    tmp_path: Path, folder: int, mode: int, open_: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir(folder)
    home.chmod(folder)
    key = home / "key"
    key.touch()
    key.chmod(mode)
    assert host.is_world_readable(key, root=home) == open_


def test_the_secrets_that_everybody_may_read_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("open", "closed"):
        (tmp_path / name).touch()
    monkeypatch.setattr(host, "is_world_readable", lambda path: path.name == "open")
    wants = HostQuery(str(tmp_path), secrets=(("A", "open"), ("B", "closed"), ("C", "gone")))
    assert host.inspect(wants).exposed_secrets == ("A",)


LOADED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2 14:37:44 UTC 2024\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build\n"
# Row of the failure table: the devices of a bus by vendor and class, or no bus; what the driver says; check, hint.
HOSTS: dict[str, tuple[list[tuple[str, str]] | None, str, str, str]] = {
    "1 no GPU": ([("0x8086", "0x030000")], "", "gpu/device-missing", "use a machine with an NVIDIA GPU"),
    "1 an NVIDIA device that is none": ([("0x10de", "0x040300")], "", "gpu/device-missing", "--no-gpu"),
    "1 a GPU without a driver": ([("0x10de", "0x030200")], "", "gpu/driver-missing", "sudo modprobe nvidia"),
    "1 a GPU and its driver": ([("0x10de", "0x030200")], LOADED, "", ""),
    "1 a GPU and its open driver": ([("0x10de", "0x030000")], OPEN, "", ""),
    "1 no bus to look at": (None, "", "gpu/driver-missing", "lspci"),
}


@pytest.mark.proves("A GPU that fails is explained by the layer that failed", "stand-in")
@pytest.mark.parametrize("row", HOSTS)
def test_a_host_without_a_gpu_or_a_driver_is_told_with_its_hint(row: str, tmp_path: Path) -> None:
    devices, driver, check, hint = HOSTS[row]
    if devices is not None:
        (tmp_path / host.PCI).mkdir(parents=True)
    for number, (vendor, kind) in enumerate(devices or ()):
        folder = tmp_path / host.PCI / f"0000:0{number}:00.0"
        folder.mkdir()
        (folder / "vendor").write_text(vendor + "\n")
        (folder / "class").write_text(kind + "\n")
    if driver:
        (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
        (tmp_path / "proc/driver/nvidia/version").write_text(driver)
    found = gpu.preflight(required=True, host=host.gpu(tmp_path), engine=None)
    assert (found.check if found else "") == check
    assert hint in (found.hint if found else "")
    assert not found or checks.exit_code([found]) == 5
