"""Why a listed GPU does not compute: two causes have one text, and numbers tell them apart."""

from __future__ import annotations

from typing import Any

import pytest

from envkit import catalog
from envkit.checks.gpu import compute_failures
from envkit.model.report import Finding, Observation

DNN = "DNN library is not found. [Op:Conv2D]"
BLAS = "Attempting to perform BLAS operation using StreamExecutor without BLAS support [Op:MatMul]"
FREE = {"memory_mib": 16384, "used_mib": 3}


def judged(message: str, gpu: dict[str, Any] | None, log: str = "") -> Finding:
    seen = [
        Observation("gpu.nvml", {"code": 0, "gpus": [gpu]} if gpu else {"code": None}),
        Observation(
            "tensorflow.op",
            {
                "device": "GPU:0",
                "op": "conv2d",
                "error": {"type": "UnimplementedError", "message": message},
            },
        ),
        Observation("tensorflow.log", {"text": log}),
        Observation("done", {}),
    ]
    return compute_failures.diagnose(seen, ["GPU:0"], catalog.release("2.9.0"))


@pytest.mark.parametrize(
    ("message", "gpu", "check"),
    [
        (DNN, FREE, "gpu/library-fails"),
        (BLAS, FREE, "gpu/library-fails"),
        (DNN, {"memory_mib": 16384, "used_mib": 16384 - 511, "processes": 2}, "gpu/memory-taken"),
        (DNN, {"memory_mib": 16384, "used_mib": 16384 - 512}, "gpu/library-fails"),
        (BLAS, {"memory_mib": 16384, "used_mib": 16300}, "gpu/memory-taken"),
        ("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", {"memory_mib": 10, "used_mib": 10}, "gpu/ptx-too-new"),
        ("CUDNN_STATUS_EXECUTION_FAILED", {"memory_mib": 10, "used_mib": 10}, "gpu/op-failed"),
    ],
)
def test_what_was_counted_tells_apart_what_one_text_means(message: str, gpu: dict[str, Any], check: str) -> None:
    found = judged(message, gpu)
    assert found.check == check
    assert message in found.detail


def test_where_nobody_counted_the_memory_both_causes_are_named() -> None:
    assert "nothing here could count" in judged(DNN, None).cause
    assert "memory" not in judged(DNN, FREE).cause


def test_the_log_counts_where_the_exception_says_nothing() -> None:
    assert judged("an error", FREE, log="status: INTERNAL: device kernel image is invalid").check == "gpu/no-kernel"
    said = judged("an error of a kind that nobody knows", FREE, log="something else")
    assert (said.check, said.cause) == ("gpu/op-failed", "unknown")
    assert "an error of a kind that nobody knows" in said.detail


@pytest.mark.parametrize(
    ("log", "check", "cause"),
    [
        ("F1123 09:00:00.0 1 a.cc:1] status: INTERNAL: device kernel image is invalid", "gpu/no-kernel", "other GPUs"),
        ("2026-11-23 09:00:00.1: F a.cc:1] Check failed: x == y", "gpu/op-failed", "unknown"),
        (
            "Could not load library libcudnn_cnn_infer.so.8. Error: libnvrtc.so: cannot open shared object file",
            "gpu/cudnn-incomplete",
            "no link",
        ),
        ("2026-11-23 09:00:00.1: W a.cc:1] device kernel image is invalid\nlast words", "gpu/op-failed", "last words"),
    ],
)
def test_the_last_words_of_a_process_tell_why_it_ended(log: str, check: str, cause: str) -> None:
    seen = [
        Observation("begin", {"look": "tensorflow.op", "device": "GPU:0", "op": "conv2d"}),
        Observation("ended", {"by": "signal", "signal": "SIGABRT"}),
        Observation("tensorflow.log", {"text": log}),
        Observation("done", {}),
    ]
    found = compute_failures.diagnose(seen, ["GPU:0"], None)
    assert found.check == check
    assert cause in found.cause
    assert found.detail.startswith("computing conv2d on GPU:0 was ended by SIGABRT")
    assert found.hint


def test_what_failed_first_counts_before_how_it_ended() -> None:
    seen = [
        Observation(
            "tensorflow.op",
            {
                "device": "GPU:0",
                "op": "matmul",
                "error": {"type": "InternalError", "message": BLAS},
            },
        ),
        Observation("begin", {"look": "tensorflow.op", "device": "GPU:0", "op": "conv2d"}),
        Observation("ended", {"by": "signal", "signal": "SIGABRT"}),
        Observation("done", {}),
    ]
    assert compute_failures.diagnose(seen, ["GPU:0"], None).detail.startswith("matmul on GPU:0 raised InternalError")
