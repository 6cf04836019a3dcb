"""What the smoke test makes of what it saw: nothing passes that was not come to, and nothing printed breaks it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import catalog, checks
from envkit.checks import host as hosts
from envkit.checks import image, observations
from envkit.checks.image import Claim
from envkit.checks.table import CHECKS
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Finding, Observation, Verdict
from tests.unit.hosts import WELL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.checks.smoke import GpuExpectation

ENGINE = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_methods=("hook",))
DRIVER = HostGpu("535.54.03", devices=("0000:01:00.0",))
NODES = {f"/dev/{one}": "ok" for one in ("nvidiactl", "nvidia-uvm", "nvidia0")}


def look(what: str, **data: Any) -> Observation:
    return Observation(what, data, 0.1)


def op(name: str, device: str = "CPU:0") -> Observation:
    return look("tensorflow.op", op=name, device=device, placed=f"/device:{device}", right=True)


BEFORE = (look("gpu.nodes", nodes=NODES), look("gpu.variables", variables={}))
CONTENTS = (
    look("image.packages", checked=True, broken=[]),
    look("image.jupyter", path="/usr/bin/jupyter", works=True),
)
TENSORFLOW = (
    look("tensorflow.import", path="/x"),
    look("tensorflow.version", version="2.9.0"),
    look("tensorflow.build", is_cuda_build=True),
    look("tensorflow.devices", cpus=1, gpus=[]),
    op("matmul"),
    op("conv2d"),
)
LOOP = (
    look("training.data", images=96),
    look("training.fit", losses=[1.0, 0.4], fallen=True, policy="p", output="float32"),
    look("training.events", losses=3),
    look("training.saved", largest_error=0.0),
    look("training.hdf5", largest_error=0.0),
    look("training.exported", largest_error=0.0, agreement=1.0, flex=[]),
)
DONE = look("done")
WELL_SEEN = (*BEFORE, *CONTENTS, *TENSORFLOW, *LOOP, DONE)


def smoked(
    seen: Iterable[Observation],
    expect: GpuExpectation = "any",
    claimed: Claim = Claim(),  # noqa: B008 - a frozen value
    host: HostGpu = DRIVER,
    engine: EngineFacts | None = ENGINE,
    *,
    own: bool = False,
) -> dict[str, Finding]:
    return {one.check: one for one in checks.smoke(tuple(seen), claimed, expect, host, engine, is_workspace=own)}


def code(found: dict[str, Finding]) -> ExitCode:
    return checks.exit_code(tuple(found.values()))


def test_an_image_where_all_is_well_passes() -> None:
    found = smoked(WELL_SEEN, claimed=Claim("2.9.0", gpu=True))
    assert code(found) is ExitCode.OK
    assert found["keras/tflite"].status is Verdict.PASSED


def test_a_crash_on_a_gpu_that_nobody_expected_fails() -> None:
    gpus = look("tensorflow.devices", cpus=1, gpus=[{"device": "GPU:0", "model": "m"}])
    crashed = (
        *BEFORE,
        *CONTENTS,
        *TENSORFLOW[:3],
        gpus,
        op("matmul"),
        op("conv2d"),
        look("begin", look="tensorflow.op", op="matmul", device="GPU:0"),
        look("ended", by="signal", signal="SIGSEGV"),
        DONE,
    )
    found = smoked(crashed)
    assert found["tensorflow/silent"].status is Verdict.FAILED
    assert "GPU:0" in found["tensorflow/silent"].detail
    assert code(found) is ExitCode.CHECK_FAILED
    assert code(smoked(crashed, "gpu")) is ExitCode.GPU


def test_a_loop_that_was_not_come_to_fails_where_nothing_else_says_why() -> None:
    found = smoked((*BEFORE, *CONTENTS, *TENSORFLOW, DONE))
    assert (found["keras/training"].status, code(found)) == (Verdict.FAILED, ExitCode.CHECK_FAILED)
    missing = smoked((*BEFORE, *CONTENTS, look("tensorflow.missing"), DONE))
    assert missing["keras/training"].status is Verdict.SKIPPED  # the finding on TensorFlow says why


def test_an_engine_without_a_road_is_the_reason_why_an_expected_gpu_is_not_there() -> None:
    nodes = look("gpu.nodes", nodes=dict.fromkeys(NODES, "ENOENT"))
    found = smoked((nodes, *CONTENTS, *TENSORFLOW, *LOOP, DONE), "gpu", engine=replace(ENGINE, gpu_methods=()))
    assert found["gpu/engine-cannot"].status is Verdict.FAILED


OURS = ("envkit up", "envkit exec", "envkit down", "envkit.yaml", "envkit status", "envkit probe")
FAULTY = {
    "nodes": (look("gpu.nodes", nodes=dict.fromkeys(NODES, "ENOENT")), *CONTENTS, *TENSORFLOW, *LOOP, DONE),
    "hidden": (
        *BEFORE,
        look("gpu.variables", variables={"CUDA_VISIBLE_DEVICES": "-1"}),
        *CONTENTS,
        *TENSORFLOW,
        *LOOP,
        DONE,
    ),
    "cpu": (*BEFORE, *CONTENTS, *TENSORFLOW, look("tensorflow.build", is_cuda_build=False), *LOOP, DONE),
    "missing": (*BEFORE, *CONTENTS, look("tensorflow.missing"), DONE),
    "import": (*BEFORE, look("tensorflow.import", error={"type": "E", "message": "no"}), DONE),
    "memory": (*BEFORE, look("ended", by="signal", signal="SIGKILL", out_of_memory=True), DONE),
    "slow": (*BEFORE, look("ended", by="limit", limit_s=300), DONE),
    "crash": (*BEFORE, look("ended", by="signal", signal="SIGSEGV"), DONE),
    "silence": BEFORE,
    "garbage": (look("x"), DONE),
    "wrong": (*BEFORE, *CONTENTS, *TENSORFLOW[:4], *LOOP, DONE),
    "training": (*BEFORE, *CONTENTS, *TENSORFLOW, look("training.data", images=9), DONE),
    "untrained": (*BEFORE, *CONTENTS, *TENSORFLOW, *LOOP, look("training.fit", losses=[1.0], fallen=False), DONE),
}


@pytest.mark.parametrize("what", FAULTY)
def test_the_mends_of_an_image_are_for_an_image(what: str) -> None:
    for host in (DRIVER, HostGpu(devices=()), HostGpu()):
        for one in smoked(FAULTY[what], "gpu", host=host).values():
            assert not [word for word in OURS if word in one.hint], one
    failed = [one for one in smoked(FAULTY[what], "gpu").values() if one.status is Verdict.FAILED]
    assert failed
    assert all(one.hint for one in failed if one.check != "gpu/not-looked")


def test_a_workspace_of_ours_keeps_its_own_mends() -> None:
    assert "envkit up" in smoked(FAULTY["nodes"], "gpu", own=True)["gpu/nodes-missing"].hint


def test_the_release_inside_decides_and_not_the_tag() -> None:
    # TensorFlow 2.9 would be content with this driver; what is inside is not.
    newer = next(one for one in reversed(catalog.releases()) if one.driver_min)
    seen = (*BEFORE, *CONTENTS, *TENSORFLOW, look("tensorflow.version", version=newer.version), *LOOP, DONE)
    host = replace(DRIVER, driver=catalog.release("2.9.0").driver_min)
    assert "gpu/driver-too-old" in smoked(seen, "gpu", Claim("2.9.0", gpu=True), host)


@pytest.mark.parametrize(("by", "status"), [("limit", Verdict.UNKNOWN), ("signal", Verdict.FAILED)])
def test_a_look_at_the_contents_that_did_not_end_is_judged(by: str, status: Verdict) -> None:
    ended = look("contents.ended", by=by, signal="SIGSEGV", limit_s=90)
    found = smoked((*BEFORE, ended, *TENSORFLOW, *LOOP, DONE), claimed=Claim(jupyter=True))
    assert {found[one].status for one in ("image/packages", "image/jupyter")} == {status}
    assert all(found[one].detail for one in ("image/packages", "image/jupyter"))


def test_a_jupyter_that_was_never_looked_at_is_not_called_missing() -> None:
    assert image.check(TENSORFLOW, Claim(jupyter=True))[-1].status is Verdict.SKIPPED
    raised = look("image.jupyter", error={"type": "TimeoutExpired", "message": "40 s"})
    found = image.check((*TENSORFLOW, raised), Claim(jupyter=True))[-1]
    assert (found.status, "TimeoutExpired" in found.detail) == (Verdict.FAILED, True)


def test_a_label_that_could_not_be_compared_does_not_pass() -> None:
    seen = [one for one in WELL_SEEN if one.name != "tensorflow.build"]
    found = smoked(seen, claimed=Claim("2.9.0", gpu=True))["image/label"]
    assert (found.status, "GPU" in found.detail) == (Verdict.UNKNOWN, True)


# What is printed may be anything.

HUGE: int = 10**400
JSON = st.recursive(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            1.5,
            HUGE,
            -HUGE,
            10**30,
            "",
            "ok",
            "x",
            "2.9.0",
            "GPU:0",
            "limit",
            "Mon, 23 Nov 9999 23:59:59 -2359",
            "Mon, 01 Jan 0001 00:00:00 +2359",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "type",
                    "message",
                    "gpus",
                    "nodes",
                    "device",
                    "CUDA_VISIBLE_DEVICES",
                    "NVIDIA_VISIBLE_DEVICES",
                    "NVIDIA_DRIVER_CAPABILITIES",
                    "/dev/nvidiactl",
                    "/dev/nvidia0",
                    "name",
                    "compute_capability",
                    "mig",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
KEYS = sorted(
    {
        *(key for one in WELL_SEEN for key in one.data),
        *(key for data in WELL.values() for key in data),
        "error",
        "variables",
        "code",
        "cudnn",
        "libraries",
        "tflops",
        "by",
        "signal",
        "limit_s",
        "look",
        "late",
        "skipped",
        "refused",
        "unsupported",
        "path",
        "package",
        "text",
        "ptxas",
        "libdevice",
        "named",
        "ours",
    }
)
WHATS = sorted(
    {one.name for one in WELL_SEEN}
    | {
        "begin",
        "ended",
        "contents.ended",
        "driver.ended",
        "gpu.libcuda",
        "gpu.nvml",
        "gpu.cuda",
        "gpu.libraries",
        "gpu.tools",
        "tensorflow.speed",
        "tensorflow.log",
        "tensorflow.missing",
        "packages",
        "python",
    }
)
SEEN = st.lists(
    st.builds(Observation, st.sampled_from(WHATS), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)), max_size=6
)


@given(SEEN, st.booleans(), st.sampled_from(["gpu", "cpu", "any"]))
def test_whatever_a_container_prints_probe_and_smoke_judge_it(
    seen: list[Observation], required: bool, expect: GpuExpectation
) -> None:
    for given_ in (tuple(seen), (*WELL_SEEN, *seen)):
        found = checks.probe(
            given_, release=catalog.release("2.9.0"), gpu_required=required, host=DRIVER, engine=ENGINE
        )
        found += checks.smoke(given_, Claim("2.9.0", gpu=True, jupyter=True), expect, DRIVER, ENGINE)
        found += (checks.gpu_device_nodes(given_),)
        assert all(isinstance(one.detail, str) and one.check in CHECKS for one in found)


@given(st.dictionaries(st.sampled_from(sorted(WELL)), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)))
def test_whatever_the_looks_at_a_host_hold_it_is_judged(changed: dict[str, dict[str, Any]]) -> None:
    for whole in (WELL, {}):
        data: dict[str, dict[str, Any]] = {**whole, **{what: {**WELL[what], **one} for what, one in changed.items()}}
        found = hosts.check([Observation(what, one) for what, one in data.items()])
        assert all(isinstance(one.detail, str) and one.check in CHECKS for one in found)


@pytest.mark.parametrize(
    ("what", "data", "check"),
    [
        ("gpu.variables", {"variables": {"CUDA_VISIBLE_DEVICES": []}}, "gpu/not-listed"),
        ("gpu.variables", {"variables": {"NVIDIA_VISIBLE_DEVICES": ["0"]}}, "keras/training"),
        ("image.packages", {"checked": True, "broken": 7}, "image/packages"),
        ("training.fit", {"losses": 7}, "keras/training"),
        ("training.fit", {"losses": [HUGE, 1]}, "keras/training"),
        ("training.saved", {"largest_error": HUGE}, "keras/saved-model"),
    ],
)
def test_lines_that_once_broke_the_judge(what: str, data: dict[str, Any], check: str) -> None:
    line = json.dumps({"what": what, "data": data, "seconds": 0})
    printed = observations.parse_all([line])
    assert check in smoked((*WELL_SEEN, *printed), "gpu")
    assert check in smoked((*WELL_SEEN, look(what, **data)), "gpu")
