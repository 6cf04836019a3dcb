"""Explain why a listed GPU does not compute: one text may have two causes, which the free memory separates."""

from __future__ import annotations

from typing import Any

from envkit import catalog
from envkit.checks.gpu import compute_failures
from envkit.model.report import Finding, Observation

DNN = "DNN library is not found. [Op:Conv2D]"
BLAS = "Attempting to perform BLAS operation using StreamExecutor without BLAS support [Op:MatMul]"
FREE = {"memory_mib": 16384, "used_mib": 3}
CRASH = (
    Observation("begin", {"look": "tensorflow.op", "device": "GPU:0", "op": "conv2d"}),
    Observation("ended", {"by": "signal", "signal": "SIGABRT"}),
)


def failed_operation(name: str, error_type: str, message: str) -> Observation:
    error = {"type": error_type, "message": message}
    return Observation("tensorflow.op", {"device": "GPU:0", "op": name, "error": error})


def diagnose(message: str, gpu: dict[str, Any] | None, log: str = "") -> Finding:
    observations = [
        Observation("gpu.nvml", {"code": 0, "gpus": [gpu]} if gpu else {"code": None}),
        failed_operation("conv2d", "UnimplementedError", message),
        Observation("tensorflow.log", {"text": log}),
        Observation("done", {}),
    ]
    return compute_failures.diagnose(observations, ["GPU:0"], catalog.release("2.9.0"))


def test_free_memory_separates_causes_with_one_text() -> None:
    cases: tuple[tuple[str, dict[str, Any], str], ...] = (
        (DNN, FREE, "gpu/library-fails"),
        (BLAS, FREE, "gpu/library-fails"),
        (DNN, {"memory_mib": 16384, "used_mib": 16384 - 511, "processes": 2}, "gpu/memory-taken"),
        (DNN, {"memory_mib": 16384, "used_mib": 16384 - 512}, "gpu/library-fails"),
        (BLAS, {"memory_mib": 16384, "used_mib": 16300}, "gpu/memory-taken"),
        ("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", {"memory_mib": 10, "used_mib": 10}, "gpu/ptx-too-new"),
        ("CUDNN_STATUS_EXECUTION_FAILED", {"memory_mib": 10, "used_mib": 10}, "gpu/op-failed"),
    )
    for message, gpu, check in cases:
        finding = diagnose(message, gpu)
        assert finding.check == check, (message, gpu)
        assert message in finding.detail, (message, gpu)


def test_both_causes_are_named_if_memory_is_unknown() -> None:
    assert diagnose(DNN, None).cause == compute_failures.MEMORY_CAUSE
    assert "memory" not in diagnose(DNN, FREE).cause


def test_the_log_explains_an_unknown_exception() -> None:
    assert diagnose("an error", FREE, log="status: INTERNAL: device kernel image is invalid").check == "gpu/no-kernel"
    finding = diagnose("an unknown error", FREE, log="another message")
    assert (finding.check, finding.cause) == ("gpu/op-failed", "unknown")
    assert "an unknown error" in finding.detail


def test_the_last_fatal_log_line_explains_a_crash() -> None:
    for log, check, cause in (
        ("F1123 09:00:00.0 1 a.cc:1] status: INTERNAL: device kernel image is invalid", "gpu/no-kernel", "other GPUs"),
        ("2026-11-23 09:00:00.1: F a.cc:1] Check failed: x == y", "gpu/op-failed", "unknown"),
        (
            "Could not load library libcudnn_cnn_infer.so.8. Error: libnvrtc.so: cannot open shared object file",
            "gpu/cudnn-incomplete",
            "no libnvrtc.so",
        ),
        ("2026-11-23 09:00:00.1: W a.cc:1] device kernel image is invalid\nlast line", "gpu/op-failed", "last line"),
    ):
        observations = [*CRASH, Observation("tensorflow.log", {"text": log}), Observation("done", {})]
        finding = compute_failures.diagnose(observations, ["GPU:0"], None)
        assert finding.check == check, log
        assert cause in finding.cause, log
        assert finding.detail.startswith("computing conv2d on GPU:0 was terminated by SIGABRT"), log
        assert finding.hint, log


def test_a_failed_operation_precedes_a_later_crash() -> None:
    observations = [failed_operation("matmul", "InternalError", BLAS), *CRASH, Observation("done", {})]
    finding = compute_failures.diagnose(observations, ["GPU:0"], None)
    assert finding.detail.startswith("matmul on GPU:0 raised InternalError")
