"""GPUs for which no release has code are named before the build, with what may work on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import catalog, checks, host, host_fingerprint
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Verdict
from envkit.resolve import gpu_support

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = EngineFacts("unix:///x", "27.0", "amd64", rootless=False, userns=False, gpu_methods=("hook",))
RTX_5090, RTX_5070_LAPTOP, B200, RTX_4090 = 0x2B85, 0x2D18, 0x2901, 0x2684


def test_the_claim_depends_on_generation_and_release() -> None:
    for device_id, version, words in (
        (RTX_5090, "2.16.1", "users report"),
        (RTX_5070_LAPTOP, "2.21.0", "users report"),
        (RTX_5090, "2.15.1", "unconfirmed"),
        (B200, "2.21.0", "unconfirmed"),
    ):
        missing = gpu_support.find_by_pci_id(device_id, catalog.release(version))
        assert missing is not None, device_id
        assert words in missing.cause, (device_id, version)
        assert "base: nvidia" in missing.hint
        assert "unconfirmed" in missing.hint
    assert gpu_support.find_by_pci_id(RTX_4090, catalog.release("2.20.0")) is None


def test_doctor_names_the_gpu_before_anything_is_pulled() -> None:
    release = catalog.release("2.20.0")
    gpu = HostGpu("580.65.06", device_ids=(RTX_4090, RTX_5090))
    works, warning = checks.host_gpu(gpu, ENGINE, release, required=True)
    assert (works.check, warning.check, warning.status) == ("host/gpu", "gpu/no-kernel", Verdict.WARNED)
    for base in ("nvidia", "nvcr.io/nvidia/tensorflow:25.02-tf2-py3"):
        assert len(checks.host_gpu(gpu, ENGINE, release, required=True, base=base)) == 1, base


def test_the_host_reads_pci_device_ids(tmp_path: Path) -> None:
    for number, device in enumerate(("0x2b85\n", "garbage", "0x27")):
        folder = tmp_path / host_fingerprint.PCI / f"0000:0{number}:00.0"
        folder.mkdir(parents=True)
        for name, text in (("vendor", "0x10de\n"), ("class", "0x030000\n"), ("device", device)):
            (folder / name).write_text(text)
    assert host.gpu(tmp_path).device_ids == (RTX_5090,)
