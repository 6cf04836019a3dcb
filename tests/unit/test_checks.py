"""Judge observations: each folder of tests/cases/probe is one probe run and its expected findings."""

from __future__ import annotations

import ast
import functools
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from envkit import catalog, checks
from envkit.checks import error_patterns, gpu, observations
from envkit.checks.check import CHECKS, make_finding
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Finding, Observation, Verdict
from envkit.observe import guest_runner
from scripts.docs import make_checks
from tests.conftest import ROOT
from tests.guest.test_driver import ROWS
from tests.guest.test_driver_warnings import NOTES
from tests.support import gpu_verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = ROOT / "tests" / "cases" / "probe"
NAMES = sorted(folder.name for folder in CASES.iterdir())
CASE_KEYS = {"about", "source", "row", "observations", "given", "findings", "verdict", "exit_code"}
ENGINE = EngineFacts(
    endpoint="unix:///var/run/docker.sock",
    version="20.10.24",
    machine="amd64",
    rootless=False,
    userns=False,
    gpu_methods=("runtime",),
)
RELEASE = catalog.release("2.9.0")
DRIVER = HostGpu(driver="535.183.01")


@functools.cache
def load_case(name: str) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load((CASES / name / "expected.yaml").read_text("utf-8"))
    return case


@functools.cache
def recorded(name: str) -> tuple[Observation, ...]:
    folder = CASES / load_case(name).get("observations", name)
    return observations.parse_all((folder / "observations.jsonl").read_text("utf-8").splitlines())


@functools.cache
def judge_case(name: str) -> tuple[Finding, ...]:
    """Judge a case with its host, engine and config."""
    given = load_case(name).get("given", {})
    host = given.get("host", {})
    devices = tuple(host["devices"]) if "devices" in host else None
    engine = replace(ENGINE, gpu_methods=tuple(given["engine"]["gpu_methods"])) if "engine" in given else None
    return checks.probe(
        recorded(name),
        release=replace(RELEASE, version=given.get("version", "2.9.0")),
        gpu_required=given.get("required", False),
        engine=engine,
        host=HostGpu(host.get("driver", ""), devices=devices, wsl=host.get("wsl", False)),
    )


def test_each_case_has_its_expected_findings() -> None:
    for name in NAMES:
        case, findings = load_case(name), judge_case(name)
        outcome = [(finding.check, finding.status.value) for finding in findings]
        assert outcome == [(row["check"], row["status"]) for row in case["findings"]], name
        for row, finding in zip(case["findings"], findings, strict=True):
            assert row.get("detail", "") in finding.detail, name
            assert row.get("cause", "") in finding.cause, name
            assert row.get("hint", "") in finding.hint, name
            assert finding.hint == "" or row.get("hint") != "", name
            assert row.get("data", finding.data) == finding.data, name
        assert checks.summarize(findings).startswith(case.get("verdict", "")), name
        assert checks.exit_code(findings) == case["exit_code"], name


def test_each_case_names_its_purpose_and_source() -> None:
    for name in NAMES:
        case = load_case(name)
        assert case["about"], name
        assert ("source" in case) != ("observations" in case), name
        assert set(case) <= CASE_KEYS, name


def test_a_failure_has_detail_cause_and_hint() -> None:
    failures = [finding for name in NAMES for finding in judge_case(name) if finding.status is Verdict.FAILED]
    for finding in failures:
        assert finding.check == "gpu/not-probed" or all((finding.detail, finding.cause, finding.hint)), finding


def test_an_optional_gpu_never_fails() -> None:
    for name in NAMES:
        driver = load_case(name).get("given", {}).get("host", {}).get("driver", "")
        findings = checks.probe(recorded(name), release=RELEASE, gpu_required=False, host=HostGpu(driver))
        failed = {finding.check for finding in findings if finding.status is Verdict.FAILED}
        assert not [check for check in failed if check.startswith("gpu/")], name


def test_a_required_gpu_passes_only_if_it_computes() -> None:
    for name in NAMES:
        findings = checks.probe(recorded(name), release=RELEASE, gpu_required=True, host=DRIVER, engine=ENGINE)
        statuses = [finding.status for finding in findings if finding.check.startswith("gpu/")]
        works = load_case(name).get("observations", name) == "gpu-works"
        assert statuses == [Verdict.PASSED if works else Verdict.FAILED], name


def test_every_tensorflow_and_gpu_check_has_a_case() -> None:
    covered = {row["check"] for name in NAMES for row in load_case(name)["findings"]}
    covered |= {check for row in ROWS.values() for check in row if isinstance(check, str)}
    covered |= {check for _, check, *_ in NOTES.values()}
    covered |= {check for case in gpu_verdicts.load_cases().values() for check in case["expected"]}
    covered |= WARNINGS.keys() | {"gpu/driver-crashed", "gpu/nodes-open"}
    assert {check for check in CHECKS if check.startswith(("tensorflow/", "gpu/"))} <= covered


def test_every_error_pattern_has_a_case() -> None:
    findings = [finding for name in NAMES for finding in judge_case(name)]
    findings += [finding for case in gpu_verdicts.load_cases().values() for finding in gpu_verdicts.judge(case)]
    covered = {(finding.cause, "") for finding in findings} | {("", finding.check) for finding in findings}
    for patterns in (
        error_patterns.IMPORT_ERRORS,
        error_patterns.GPU_NOT_LISTED,
        error_patterns.OPERATION_ERRORS,
        error_patterns.TIMEOUTS,
    ):
        assert {(pattern.cause, pattern.check) for pattern in patterns} <= covered


# Check -> observation of a working GPU that has this fault, its data, and the data of the nearest GPU without it.
WARNINGS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "gpu/compiles-at-first-use": (
        "gpu.cuda",
        {"gpus": [{"name": "NVIDIA H100", "compute_capability": "9.0"}]},
        {"gpus": [{"name": "NVIDIA L4", "compute_capability": "8.9"}]},
    ),
    "gpu/ptxas-missing": (
        "gpu.tools",
        {"ptxas": "", "libdevice": "/usr/local/cuda/nvvm/libdevice/libdevice.10.bc"},
        {"ptxas": "/usr/local/cuda/bin/ptxas", "libdevice": "/usr/local/cuda/nvvm/libdevice/libdevice.10.bc"},
    ),
    "gpu/libdevice-missing": (
        "gpu.tools",
        {"ptxas": "/usr/bin/ptxas", "libdevice": ""},
        {"error": {"type": "OSError", "message": "no"}},
    ),
}


def test_a_working_gpu_that_lacks_something_only_warns() -> None:
    def warnings(name: str, data: dict[str, Any]) -> list[Finding]:
        given = (*recorded("gpu-works"), Observation(name, data))
        findings = checks.probe(given, release=RELEASE, gpu_required=True, host=DRIVER, engine=ENGINE)
        assert checks.exit_code(findings) is ExitCode.OK
        return [finding for finding in findings if finding.status is Verdict.WARNED]

    for check, (name, data, near_miss) in WARNINGS.items():
        found = warnings(name, data)
        assert [finding.check for finding in found] == [check]
        assert all(finding.detail and finding.hint for finding in found)
        assert warnings(name, near_miss) == [], check


def test_half_precision_is_judged_and_its_speed_reported() -> None:
    def judge(right: bool) -> Finding:
        operation = {"device": "GPU:0", "op": "matmul_half", "placed": "/device:GPU:0", "right": right}
        given = (
            *recorded("gpu-works"),
            Observation("tensorflow.op", operation),
            Observation("tensorflow.speed", {"device": "GPU:0", "tflops": 8.14}),
        )
        return checks.probe(given, release=RELEASE, gpu_required=True, host=DRIVER, engine=ENGINE)[1]

    assert judge(right=True).check == "gpu/usable"
    assert "8.1 TFLOP/s" in judge(right=True).detail
    assert judge(right=False).check == "gpu/op-failed"
    assert "in float16" in judge(right=False).detail


def test_a_running_container_may_lose_its_gpu() -> None:
    for answer, check, status in (
        ("ok", "gpu/nodes-open", Verdict.PASSED),
        ("EPERM", "gpu/nodes-denied", Verdict.FAILED),
        ("ENXIO", "gpu/module-not-loaded", Verdict.FAILED),
    ):
        nodes = dict.fromkeys(("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0"), answer)
        finding = checks.gpu_device_nodes([Observation("gpu.nodes", {"nodes": nodes})])
        assert (finding.check, finding.status) == (check, status), answer
    assert checks.gpu_device_nodes([]).status is not Verdict.PASSED


def test_planned_steps_are_drift() -> None:
    assert checks.drift(()).status is Verdict.PASSED
    for finding in (checks.drift(("start the container",)), checks.drift((), "line 3: no such key")):
        assert finding.status is Verdict.WARNED
        assert finding.hint


# ── before anything is created ──

# Host, engine, whether the image holds the GPU build, and the check that fails.
PREFLIGHT: tuple[tuple[HostGpu, EngineFacts | None, bool, str | None], ...] = (
    (HostGpu(), ENGINE, True, "gpu/driver-missing"),
    (HostGpu(nodes=("/dev/nvidia0",)), ENGINE, True, "gpu/driver-missing"),
    (HostGpu(devices=()), ENGINE, True, "gpu/device-missing"),
    (HostGpu(devices=(), wsl=True), ENGINE, True, "gpu/wsl"),
    (HostGpu(devices=("0000:01:00.0",)), ENGINE, True, "gpu/driver-missing"),
    (HostGpu(driver="450.80.01"), ENGINE, True, "gpu/driver-too-old"),
    (HostGpu(driver="99.9"), ENGINE, True, "gpu/driver-too-old"),
    (HostGpu(driver="450.80.02"), replace(ENGINE, gpu_methods=()), True, "gpu/engine-cannot"),
    (HostGpu(driver="1000.1"), ENGINE, False, "gpu/cpu-build"),
    (DRIVER, ENGINE, True, None),
    (DRIVER, replace(ENGINE, gpu_methods=("hook",)), True, None),
    (DRIVER, None, True, None),
    (HostGpu(driver="450.80.02", devices=()), ENGINE, True, None),  # a loaded driver outweighs the device list
    (HostGpu(driver="custom build"), ENGINE, True, None),
)


def test_preflight_finds_host_engine_and_image_faults() -> None:
    for host, engine, gpu_build, check in PREFLIGHT:
        fault = gpu.preflight(required=True, host=host, engine=engine, release=RELEASE, gpu_build=gpu_build)
        assert (fault.check if fault else None) == check, host
        assert fault is None or checks.exit_code([fault]) is ExitCode.GPU, host


def test_preflight_skips_an_optional_gpu_without_a_driver() -> None:
    fault = gpu.preflight(required=False, host=HostGpu(), engine=ENGINE)
    assert fault is not None
    assert fault.status is Verdict.SKIPPED
    assert fault.detail == "no NVIDIA driver on this host; TensorFlow runs on the CPU"


# ── one line and one exit code ──


@pytest.mark.proves("a failed check gives exit code 1, and a failed GPU check 5", "real")
def test_failed_checks_determine_the_exit_code() -> None:
    passed = (make_finding("tensorflow/computes", "ok"), make_finding("gpu/op-failed", "once", status=Verdict.WARNED))
    cases: tuple[tuple[tuple[str, ...], ExitCode], ...] = (
        ((), ExitCode.OK),
        (("ssh/login",), ExitCode.CHECK_FAILED),
        (("tensorflow/missing", "ssh/login"), ExitCode.CHECK_FAILED),
        (("ssh/login", "gpu/not-listed"), ExitCode.GPU),
    )
    for failed, code in cases:
        findings = (*passed, *(make_finding(check, "failed") for check in failed))
        assert checks.exit_code(findings) is code, failed


def test_the_summary_claims_nothing_without_a_proof() -> None:
    assert checks.summarize(()) == "not proven"
    assert checks.summarize([make_finding("gpu/driver-missing", "none", status=Verdict.SKIPPED)]) == "not proven"


# ── the table ──

# Their findings always have a specific hint.
SPECIFIC_HINTS = {"tensorflow/wrong-version", "tensorflow/import-failed", "tensorflow/silent", "gpu/driver-in-image"}


def test_every_check_definition_is_complete() -> None:
    for check in CHECKS.values():
        assert re.fullmatch(r"[a-z]+/[a-z]+[0-9]*(-[a-z]+)*", check.id), check.id
        assert check.title, check.id
        assert check.description.endswith("."), check.id
        assert check.severity == "info" or check.hint or check.id in {"gpu/not-probed", *SPECIFIC_HINTS}, check.id


def test_the_checks_page_has_every_check() -> None:
    text = make_checks.page()
    assert [check for check in CHECKS if f"`{check}`" not in text] == []


# ── the guest scripts ──


def test_guest_scripts_run_on_python_3_8_without_packages() -> None:
    for name in sorted({module for modules in guest_runner.PROGRAMS.values() for module in modules}):
        source = (Path(checks.__file__).parent.parent / "guest" / f"{name}.py").read_text("utf-8")
        imported = set(_imported_packages(ast.parse(source, feature_version=(3, 8))))
        assert imported - sys.stdlib_module_names <= {"tensorflow", "tensorboard", "numpy", "envkit"}, name
        assert "__file__" not in source.replace("tensorflow.__file__", ""), name


def _imported_packages(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_empty_mig_mode_differs_from_a_hidden_gpu() -> None:
    cases: tuple[tuple[object, bool, str], ...] = (
        ("0", True, "gpu/mig-empty"),
        ("0", False, "gpu/driver-unknown"),
        ("7", False, "gpu/hidden"),
        ("-1", True, "gpu/hidden"),
        ("", True, "gpu/hidden"),
        ("NoDevFiles", True, "gpu/hidden"),
        (None, True, "gpu/mig-empty"),
        (["0"], True, "gpu/mig-empty"),
    )
    nodes = {f"/dev/{name}": "ok" for name in ("nvidiactl", "nvidia-uvm", "nvidia0")}
    for visible, mig, check in cases:
        given = [
            Observation("gpu.nodes", {"nodes": nodes}),
            Observation("gpu.libcuda", {"path": "/usr/lib/libcuda.so.1"}),
            Observation(
                "gpu.variables", {"variables": {"CUDA_VISIBLE_DEVICES": visible} if visible is not None else {}}
            ),
            Observation("gpu.nvml", {"code": 0, "gpus": [{"mig": mig}]}),
            Observation("gpu.cuda", {"code": 100}),
        ]
        assert gpu.check(given, required=True, host=DRIVER, engine=ENGINE)[0].check == check, (visible, mig)
