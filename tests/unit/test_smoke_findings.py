"""Judge the observations of the smoke test: steps that were not reached never pass, and no output breaks it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from envkit import catalog, checks
from envkit.checks import host as host_checks
from envkit.checks import image, observations
from envkit.checks.check import CHECKS
from envkit.checks.image import Claim
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Finding, Observation, Verdict
from tests.support.host_observations import HEALTHY as HEALTHY_HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envkit.checks.smoke import GpuExpectation

ENGINE = EngineFacts("unix:///x", "26.1.5", "amd64", rootless=False, userns=False, gpu_methods=("hook",))
DRIVER = HostGpu("535.54.03", devices=("0000:01:00.0",))
NODES = {f"/dev/{name}": "ok" for name in ("nvidiactl", "nvidia-uvm", "nvidia0")}


def observe(name: str, **data: Any) -> Observation:
    return Observation(name, data, 0.1)


def operation(name: str, device: str = "CPU:0") -> Observation:
    return observe("tensorflow.op", op=name, device=device, placed=f"/device:{device}", right=True)


DEVICES = (observe("gpu.nodes", nodes=NODES), observe("gpu.variables", variables={}))
CONTENTS = (
    observe("image.packages", checked=True, broken=[]),
    observe("image.jupyter", path="/usr/bin/jupyter", works=True),
)
TENSORFLOW = (
    observe("tensorflow.import", path="/x"),
    observe("tensorflow.version", version="2.9.0"),
    observe("tensorflow.build", is_cuda_build=True),
    observe("tensorflow.devices", cpus=1, gpus=[]),
    operation("matmul"),
    operation("conv2d"),
)
TRAINING = (
    observe("training.data", images=96),
    observe("training.fit", losses=[1.0, 0.4], fallen=True, policy="p", output="float32"),
    observe("training.events", losses=3),
    observe("training.saved", largest_error=0.0),
    observe("training.hdf5", largest_error=0.0),
    observe("training.exported", largest_error=0.0, agreement=1.0, flex=[]),
)
DONE = observe("done")
HEALTHY_IMAGE = (*DEVICES, *CONTENTS, *TENSORFLOW, *TRAINING, DONE)


def judge(
    seen: Iterable[Observation],
    expect: GpuExpectation = "any",
    claim: Claim = Claim(),  # noqa: B008 - a frozen value
    host: HostGpu = DRIVER,
    engine: EngineFacts | None = ENGINE,
    *,
    is_workspace: bool = False,
) -> dict[str, Finding]:
    findings = checks.smoke(tuple(seen), claim, expect, host, engine, is_workspace=is_workspace)
    return {finding.check: finding for finding in findings}


def exit_code(findings: dict[str, Finding]) -> ExitCode:
    return checks.exit_code(tuple(findings.values()))


def test_a_healthy_image_passes() -> None:
    findings = judge(HEALTHY_IMAGE, claim=Claim("2.9.0", gpu=True))
    assert exit_code(findings) is ExitCode.OK
    assert findings["keras/tflite"].status is Verdict.PASSED


def test_a_crash_on_an_optional_gpu_fails() -> None:
    gpus = observe("tensorflow.devices", cpus=1, gpus=[{"device": "GPU:0", "model": "m"}])
    crashed = (
        *DEVICES,
        *CONTENTS,
        *TENSORFLOW[:3],
        gpus,
        operation("matmul"),
        operation("conv2d"),
        observe("begin", look="tensorflow.op", op="matmul", device="GPU:0"),
        observe("ended", by="signal", signal="SIGSEGV"),
        DONE,
    )
    findings = judge(crashed)
    assert findings["tensorflow/silent"].status is Verdict.FAILED
    assert "GPU:0" in findings["tensorflow/silent"].detail
    assert exit_code(findings) is ExitCode.CHECK_FAILED
    assert exit_code(judge(crashed, "gpu")) is ExitCode.GPU


def test_unexplained_missing_training_fails() -> None:
    findings = judge((*DEVICES, *CONTENTS, *TENSORFLOW, DONE))
    assert findings["keras/training"].status is Verdict.FAILED
    assert exit_code(findings) is ExitCode.CHECK_FAILED
    explained = judge((*DEVICES, *CONTENTS, observe("tensorflow.missing"), DONE))
    assert explained["keras/training"].status is Verdict.SKIPPED


def test_an_engine_without_gpu_method_explains_a_missing_gpu() -> None:
    nodes = observe("gpu.nodes", nodes=dict.fromkeys(NODES, "ENOENT"))
    engine = replace(ENGINE, gpu_methods=())
    findings = judge((nodes, *CONTENTS, *TENSORFLOW, *TRAINING, DONE), "gpu", engine=engine)
    assert findings["gpu/engine-cannot"].status is Verdict.FAILED


WORKSPACE_COMMANDS = ("envkit up", "envkit exec", "envkit down", "envkit.yaml", "envkit status", "envkit probe")
FAULTY_IMAGES: dict[str, tuple[Observation, ...]] = {
    "nodes": (observe("gpu.nodes", nodes=dict.fromkeys(NODES, "ENOENT")), *CONTENTS, *TENSORFLOW, *TRAINING, DONE),
    "hidden": (
        *DEVICES,
        observe("gpu.variables", variables={"CUDA_VISIBLE_DEVICES": "-1"}),
        *CONTENTS,
        *TENSORFLOW,
        *TRAINING,
        DONE,
    ),
    "cpu": (*DEVICES, *CONTENTS, *TENSORFLOW, observe("tensorflow.build", is_cuda_build=False), *TRAINING, DONE),
    "missing": (*DEVICES, *CONTENTS, observe("tensorflow.missing"), DONE),
    "import": (*DEVICES, observe("tensorflow.import", error={"type": "E", "message": "no"}), DONE),
    "memory": (*DEVICES, observe("ended", by="signal", signal="SIGKILL", out_of_memory=True), DONE),
    "slow": (*DEVICES, observe("ended", by="limit", limit_s=300), DONE),
    "crash": (*DEVICES, observe("ended", by="signal", signal="SIGSEGV"), DONE),
    "silence": DEVICES,
    "garbage": (observe("x"), DONE),
    "wrong": (*DEVICES, *CONTENTS, *TENSORFLOW[:4], *TRAINING, DONE),
    "training": (*DEVICES, *CONTENTS, *TENSORFLOW, observe("training.data", images=9), DONE),
    "untrained": (
        *DEVICES,
        *CONTENTS,
        *TENSORFLOW,
        *TRAINING,
        observe("training.fit", losses=[1.0], fallen=False),
        DONE,
    ),
}


def test_hints_for_a_foreign_image_name_no_workspace_command() -> None:
    for name, seen in FAULTY_IMAGES.items():
        for host in (DRIVER, HostGpu(devices=()), HostGpu()):
            for finding in judge(seen, "gpu", host=host).values():
                assert not [command for command in WORKSPACE_COMMANDS if command in finding.hint], (name, finding)
        failures = [finding for finding in judge(seen, "gpu").values() if finding.status is Verdict.FAILED]
        assert failures, name
        assert all(finding.hint for finding in failures if finding.check != "gpu/not-probed"), name


def test_hints_for_a_workspace_name_envkit_commands() -> None:
    findings = judge(FAULTY_IMAGES["nodes"], "gpu", is_workspace=True)
    assert "envkit up" in findings["gpu/nodes-missing"].hint


def test_the_installed_release_outweighs_the_tag() -> None:
    # This driver is new enough for TensorFlow 2.9, but not for the installed release.
    newer = next(release for release in reversed(catalog.releases()) if release.driver_min)
    version = observe("tensorflow.version", version=newer.version)
    seen = (*DEVICES, *CONTENTS, *TENSORFLOW, version, *TRAINING, DONE)
    host = replace(DRIVER, driver=catalog.release("2.9.0").driver_min)
    assert "gpu/driver-too-old" in judge(seen, "gpu", Claim("2.9.0", gpu=True), host)


def test_an_interrupted_inspection_of_contents_never_passes() -> None:
    for reason, status in (("limit", Verdict.UNKNOWN), ("signal", Verdict.FAILED)):
        end = observe("contents.ended", by=reason, signal="SIGSEGV", limit_s=90)
        findings = judge((*DEVICES, end, *TENSORFLOW, *TRAINING, DONE), claim=Claim(jupyter=True))
        for check in ("image/packages", "image/jupyter"):
            assert findings[check].status is status, (reason, check)
            assert findings[check].detail, (reason, check)


def test_an_uninspected_jupyter_is_skipped() -> None:
    assert image.check(TENSORFLOW, Claim(jupyter=True))[-1].status is Verdict.SKIPPED
    error = observe("image.jupyter", error={"type": "TimeoutExpired", "message": "40 s"})
    finding = image.check((*TENSORFLOW, error), Claim(jupyter=True))[-1]
    assert finding.status is Verdict.FAILED
    assert "TimeoutExpired" in finding.detail


def test_a_tag_without_comparison_is_unknown() -> None:
    seen = [observation for observation in HEALTHY_IMAGE if observation.name != "tensorflow.build"]
    finding = judge(seen, claim=Claim("2.9.0", gpu=True))["image/label"]
    assert finding.status is Verdict.UNKNOWN
    assert "GPU" in finding.detail


# ── hostile output ──

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
        *(key for observation in HEALTHY_IMAGE for key in observation.data),
        *(key for data in HEALTHY_HOST.values() for key in data),
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
NAMES = sorted(
    {observation.name for observation in HEALTHY_IMAGE}
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
OBSERVATIONS = st.lists(
    st.builds(Observation, st.sampled_from(NAMES), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)), max_size=6
)


@given(OBSERVATIONS, st.booleans(), st.sampled_from(["gpu", "cpu", "any"]))
def test_any_container_output_is_judged(seen: list[Observation], required: bool, expect: GpuExpectation) -> None:
    release = catalog.release("2.9.0")
    for output in (tuple(seen), (*HEALTHY_IMAGE, *seen)):
        findings = (
            *checks.probe(output, release=release, gpu_required=required, host=DRIVER, engine=ENGINE),
            *checks.smoke(output, Claim("2.9.0", gpu=True, jupyter=True), expect, DRIVER, ENGINE),
            checks.gpu_device_nodes(output),
        )
        assert all(isinstance(finding.detail, str) and finding.check in CHECKS for finding in findings)


@given(st.dictionaries(st.sampled_from(sorted(HEALTHY_HOST)), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)))
def test_any_host_observation_is_judged(changes: dict[str, dict[str, Any]]) -> None:
    changed = {name: {**HEALTHY_HOST[name], **data} for name, data in changes.items()}
    for base in (HEALTHY_HOST, {}):
        observed: dict[str, dict[str, Any]] = {**base, **changed}
        findings = host_checks.check([Observation(name, data) for name, data in observed.items()])
        assert all(isinstance(finding.detail, str) and finding.check in CHECKS for finding in findings)


def test_known_hostile_lines_are_judged() -> None:
    cases: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("gpu.variables", {"variables": {"CUDA_VISIBLE_DEVICES": []}}, "gpu/not-listed"),
        ("gpu.variables", {"variables": {"NVIDIA_VISIBLE_DEVICES": ["0"]}}, "keras/training"),
        ("image.packages", {"checked": True, "broken": 7}, "image/packages"),
        ("training.fit", {"losses": 7}, "keras/training"),
        ("training.fit", {"losses": [HUGE, 1]}, "keras/training"),
        ("training.saved", {"largest_error": HUGE}, "keras/saved-model"),
    )
    for name, data, check in cases:
        parsed = observations.parse_all([json.dumps({"what": name, "data": data, "seconds": 0})])
        assert check in judge((*HEALTHY_IMAGE, *parsed), "gpu"), (name, data)
        assert check in judge((*HEALTHY_IMAGE, observe(name, **data)), "gpu"), (name, data)


def test_a_failed_training_step_names_the_package_at_fault() -> None:
    for message, cause in (
        ("No module named 'keras'", "keras is missing"),
        ("Keras cannot be imported. Check that it is installed.", "keras is missing"),
        ("[Errno 28] No space left on device", "the disk"),
    ):
        broken = observe("training.data", error={"type": "ImportError", "message": message})
        assert cause in judge((*DEVICES, *CONTENTS, *TENSORFLOW, broken, DONE))["keras/data"].cause, message


def test_an_import_error_names_the_cause_of_its_log() -> None:
    messages = {
        "gencode 6.31.1 runtime 5.29.5: Detected mismatched Protobuf Gencode/Runtime": '"protobuf>=6.31.1,<8"',
        "libstdc++.so.6: version `GLIBCXX_3.4.29' not found": "newer distribution",
        "Descriptors cannot be created directly.": "<3.20",
    }
    for message, hint in messages.items():
        broken = observe("tensorflow.import", error={"type": "VersionError", "message": message})
        assert hint in judge((*DEVICES, *CONTENTS, broken, DONE))["tensorflow/import-failed"].hint, message


def test_an_illegal_instruction_is_compared_with_the_processor() -> None:
    for avx, cause in ((True, "although this one has AVX"), (False, "does not support"), (None, "may not support")):
        crash = (
            observe("cpu", avx=avx),
            observe("begin", look="tensorflow.import"),
            observe("ended", by="signal", signal="SIGILL"),
        )
        assert cause in judge((*DEVICES, *CONTENTS, *crash, DONE))["tensorflow/silent"].cause, avx


def test_a_python_that_cannot_start_is_reported_with_its_message() -> None:
    output = "python: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file"
    finding = judge((observe("ended", by="exit", code=127, output=output),))["image/python"]
    assert "libz.so.1" in finding.detail
    assert "shared library" in finding.cause
    assert "apt-get install" in finding.hint


def test_the_server_that_would_be_started_must_answer() -> None:
    output = "Traceback\nModuleNotFoundError: No module named 'jupyter_core'"
    broken = observe("image.jupyter", path="/opt/jupyter/bin/jupyter", server="lab", works=False, output=output)
    finding = judge((*DEVICES, CONTENTS[0], broken, *TENSORFLOW, *TRAINING, DONE))["image/jupyter"]
    assert finding.status is Verdict.FAILED
    assert "/opt/jupyter/bin/jupyter lab does not start" in finding.detail
    assert "jupyter_core" in finding.detail
    foreign = replace(broken, data={**broken.data, "path": "/usr/bin/jupyter"})
    finding = judge((*DEVICES, CONTENTS[0], foreign, *TENSORFLOW, *TRAINING, DONE))["image/jupyter"]
    assert finding.status is Verdict.WARNED


def test_ssh_must_start_where_the_image_promises_it() -> None:
    for promised, works, status in ((True, False, Verdict.FAILED), (True, True, Verdict.PASSED), (False, False, None)):
        ssh = observe("image.ssh", promised=promised, works=works, output="/usr/sbin/sshd does not exist")
        finding = judge((*HEALTHY_IMAGE[:-1], ssh, DONE)).get("image/ssh")
        assert (finding.status if finding else None) is status, (promised, works)


def test_the_entrypoint_is_reported() -> None:
    for code, status in ((0, Verdict.PASSED), (1, Verdict.WARNED), (None, Verdict.SKIPPED)):
        entrypoint = observe("image.entrypoint", entrypoint=["/bin/false"], code=code, output="")
        finding = judge((*HEALTHY_IMAGE, entrypoint))["image/entrypoint"]
        assert finding.status is status, code
        assert "/bin/false" in finding.detail


def test_a_gpu_that_fails_is_the_only_cause_of_missing_training() -> None:
    gpus = observe("tensorflow.devices", cpus=1, gpus=[{"device": "GPU:0", "model": "m"}])
    failed = observe("tensorflow.op", op="matmul", device="GPU:0", error={"type": "E", "message": "CUDA_ERROR_X"})
    seen = (*DEVICES, *CONTENTS, *TENSORFLOW[:3], gpus, *TENSORFLOW[4:], failed, DONE)
    assert judge(seen, "gpu")["keras/training"].status is Verdict.SKIPPED
    assert judge(seen, "any")["keras/training"].cause == "the GPU does not work: see gpu/op-failed"
