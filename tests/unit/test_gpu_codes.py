"""NVIDIA's codes are explained by number, name or text."""

from __future__ import annotations

from envkit.checks.check import CHECKS
from envkit.checks.gpu import codes


def test_every_code_has_a_meaning_and_a_known_check() -> None:
    for table in (codes.CUDA, codes.NVML):
        for number, code in table.items():
            assert code.meaning, number
            assert code.check in {"", *CHECKS}, number
        assert len({code.name for code in table.values()}) == len(table)


def test_a_code_is_found_by_its_name_or_by_nvidias_text() -> None:
    for text, name in (
        ("failed call to cuDevicePrimaryCtxRetain: CUDA_ERROR_ECC_UNCORRECTABLE: uncorrectable", "ECC_UNCORRECTABLE"),
        (
            "cudaSetDevice() on GPU:0 failed. Status: all CUDA-capable devices are busy or unavailable",
            "DEVICE_UNAVAILABLE",
        ),
        ("Status: CUDA-capable device(s) is/are busy or unavailable", "DEVICE_UNAVAILABLE"),
        ("INTERNAL: no kernel image is available for execution on the device", "NO_BINARY_FOR_GPU"),
        ("failed with 'CUDA_ERROR_INVALID_PTX'", "INVALID_PTX"),
        ("OOM when allocating: out of memory", ""),
        ("an ordinary message", ""),
        ("CUDA_ERROR_FROM_THE_FUTURE: news", ""),
    ):
        code = codes.find_code(text)
        assert (code.name.removeprefix("CUDA_ERROR_") if code else "") == name, text
