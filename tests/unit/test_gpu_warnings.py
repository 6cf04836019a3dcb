"""Warn about GPUs newer than the release, and about caches that lose the code compiled for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from envkit import catalog
from envkit.checks.gpu import warnings
from envkit.model.report import Observation, Verdict

RELEASE = catalog.release("2.9.0")
H100 = Observation("gpu.cuda", {"gpus": [{"name": "NVIDIA H100", "compute_capability": "9.0"}]})


def test_a_newer_gpu_warns_with_compile_time_and_cache() -> None:
    cases: tuple[tuple[dict[str, Any], str, str], ...] = (
        ({"mount": "/home/dev", "type": "ext4", "writable": True}, "is kept in /home/dev/c", "TensorFlow release"),
        ({"mount": "/", "type": "ext4", "writable": True}, "lost with the container", "CUDA_CACHE_PATH"),
        ({"mount": "/home", "type": "tmpfs", "writable": True}, "lost with the container", "CUDA_CACHE_PATH"),
        ({"mount": "/home", "type": "ext4", "writable": False}, "cannot be written", "CUDA_CACHE_PATH"),
        ({"mount": "/home", "type": "ext4", "off": True}, "CUDA_CACHE_DISABLE", "CUDA_CACHE_PATH"),
        ({"error": {"type": "OSError", "message": "no"}}, "took 0.1 s", "TensorFlow release"),
    )
    operation = Observation("tensorflow.op", {"device": "GPU:0", "op": "matmul"}, 0.1)
    for cache, detail, hint in cases:
        observations = [H100, Observation("gpu.cache", {"path": "/home/dev/c", **cache}), operation]
        (finding,) = warnings.collect_warnings(observations, RELEASE)
        assert (finding.check, finding.status) == ("gpu/compiles-at-first-use", Verdict.WARNED), cache
        assert "its first operation took 0.1 s" in finding.detail, cache
        assert detail in finding.detail, cache
        assert hint in finding.hint, cache


def test_the_build_outweighs_the_catalog() -> None:
    cases: tuple[tuple[object, str, bool], ...] = (
        (["sm_35", "sm_75", "compute_80"], "", True),
        (["sm_80", "compute_90"], "compute_80", False),
        (["sm_75"], "compute_80", False),
        (["nonsense"], "compute_80", True),
        ([], "compute_80", True),
        (None, "compute_80", True),
        (None, "", False),
    )
    for architectures, ptx, warned in cases:
        release = replace(RELEASE, compute_capabilities=("sm_75",), ptx=ptx)
        build = Observation("tensorflow.build", {"cuda_compute_capabilities": architectures})
        assert bool(warnings.collect_warnings([H100, build], release)) is warned, (architectures, ptx)
