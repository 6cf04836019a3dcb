"""GPUs newer than the release, and where what is compiled for them is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from envkit import catalog
from envkit.checks.gpu import warnings
from envkit.model.report import Observation, Verdict

RELEASE = catalog.release("2.9.0")
H100 = Observation("gpu.cuda", {"gpus": [{"name": "NVIDIA H100", "compute_capability": "9.0"}]})


@pytest.mark.parametrize(
    ("cache", "seen", "hint"),
    [
        ({"mount": "/home/dev", "type": "ext4", "writable": True}, "is kept in /home/dev/c", "TensorFlow release"),
        ({"mount": "/", "type": "ext4", "writable": True}, "goes with the container", "CUDA_CACHE_PATH"),
        ({"mount": "/home", "type": "tmpfs", "writable": True}, "goes with the container", "CUDA_CACHE_PATH"),
        ({"mount": "/home", "type": "ext4", "writable": False}, "cannot be written", "CUDA_CACHE_PATH"),
        ({"mount": "/home", "type": "ext4", "off": True}, "CUDA_CACHE_DISABLE", "CUDA_CACHE_PATH"),
        ({"error": {"type": "OSError", "message": "no"}}, "took 0.1 s", "TensorFlow release"),
    ],
)
def test_what_is_compiled_for_a_newer_gpu_is_told_with_its_time_and_its_place(
    cache: dict[str, Any], seen: str, hint: str
) -> None:
    op = Observation("tensorflow.op", {"device": "GPU:0", "op": "matmul"}, 0.1)
    given = [H100, Observation("gpu.cache", {"path": "/home/dev/c", **cache}), op]
    (found,) = warnings.collect_warnings(given, RELEASE)
    assert (found.check, found.status) == ("gpu/compiles-at-first-use", Verdict.WARNED)
    assert "its first operation took 0.1 s" in found.detail
    assert seen in found.detail
    assert hint in found.hint


@pytest.mark.parametrize(
    ("built", "ptx", "told"),
    [
        (["sm_35", "sm_75", "compute_80"], "", True),
        (["sm_80", "compute_90"], "compute_80", False),
        (["sm_75"], "compute_80", False),
        (["nonsense"], "compute_80", True),
        ([], "compute_80", True),
        (None, "compute_80", True),
        (None, "", False),
    ],
)
def test_what_a_build_says_it_has_code_for_counts_before_the_catalogue(built: object, ptx: str, told: bool) -> None:
    release = replace(RELEASE, compute_capabilities=("sm_75",), ptx=ptx)
    build = Observation("tensorflow.build", {"cuda_compute_capabilities": built})
    assert bool(warnings.collect_warnings([H100, build], release)) is told
