"""Observations in, findings out. Each folder of tests/cases/probe is one run of the probe and what it amounts to."""

from __future__ import annotations

import ast
import functools
import re
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from envkit import catalog, checks
from envkit.checks import error_patterns, gpu, observations
from envkit.checks.table import CHECKS, make_finding
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Finding, Observation, Verdict
from envkit.observe import guest_runner
from tests.conftest import ROOT
from tests.guest.test_driver import ROWS
from tests.guest.test_slower import NOTES

if TYPE_CHECKING:
    from collections.abc import Sequence

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
def expected(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CASES / name / "expected.yaml").read_text("utf-8"))
    return read


@functools.cache
def seen(name: str) -> tuple[Observation, ...]:
    folder = CASES / expected(name).get("observations", name)
    return observations.parse_all((folder / "observations.jsonl").read_text("utf-8").splitlines())


@functools.cache
def judged(name: str) -> tuple[Finding, ...]:
    """Judge a case as the host, engine and config that it names would have it judged."""
    case = expected(name).get("given", {})
    host = case.get("host", {})
    devices = tuple(host["devices"]) if "devices" in host else None
    engine = replace(ENGINE, gpu_methods=tuple(case["engine"]["gpu_roads"])) if "engine" in case else None
    return checks.probe(
        seen(name),
        release=replace(RELEASE, version=case.get("version", "2.9.0")),
        gpu_required=case.get("required", False),
        engine=engine,
        host=HostGpu(host.get("driver", ""), devices=devices, wsl=host.get("wsl", False)),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_the_probe_is_judged_as_its_case_says(name: str) -> None:
    case, found = expected(name), judged(name)
    outcome = [(one.check, one.status.value) for one in found]
    assert outcome == [(row["check"], row["status"]) for row in case["findings"]]
    for row, one in zip(case["findings"], found, strict=True):
        assert row.get("seen", "") in one.detail
        assert row.get("cause", "") in one.cause
        assert one.hint == "" if row.get("hint") == "" else row.get("hint", "") in one.hint
        assert row.get("data", one.data) == one.data
    assert checks.summarize(found).startswith(case.get("verdict", ""))
    assert checks.exit_code(found) == case["exit_code"]


def test_every_case_says_what_it_is_and_where_it_comes_from() -> None:
    for name in NAMES:
        case = expected(name)
        assert case["about"], name
        assert ("source" in case) != ("observations" in case), name
        assert set(case) <= CASE_KEYS, name


def test_a_failure_says_what_was_seen_why_and_what_mends_it() -> None:
    failed = [one for name in NAMES for one in judged(name) if one.status is Verdict.FAILED]
    assert [one for one in failed if not all((one.detail, one.cause, one.hint)) and one.check != "gpu/not-looked"] == []


def test_no_gpu_fails_a_run_that_needs_none() -> None:
    for name in NAMES:
        driver = expected(name).get("given", {}).get("host", {}).get("driver", "")
        found = checks.probe(seen(name), release=RELEASE, gpu_required=False, host=HostGpu(driver))
        assert not [one for one in found if one.check.startswith("gpu/") and one.status is Verdict.FAILED], name


def test_a_gpu_that_is_required_passes_only_by_computing() -> None:
    for name in NAMES:
        found = checks.probe(seen(name), release=RELEASE, gpu_required=True, host=DRIVER, engine=ENGINE)
        gpus = [one for one in found if one.check.startswith("gpu/")]
        works = expected(name).get("observations", name) == "gpu-works"
        assert [one.status for one in gpus] == [Verdict.PASSED if works else Verdict.FAILED], name


def test_every_check_of_tensorflow_and_gpu_has_a_case() -> None:
    covered = {row["check"] for name in NAMES for row in expected(name)["findings"]}
    covered |= {check for row in ROWS.values() for check in row if isinstance(check, str)}
    covered |= {check for _, check, *_ in NOTES.values()}
    covered |= SLOWER.keys() | {"gpu/driver-crashed", "gpu/nodes-open"}
    assert {check for check in CHECKS if check.startswith(("tensorflow/", "gpu/"))} <= covered


@pytest.mark.parametrize(
    "table",
    [
        error_patterns.IMPORT_ERRORS,
        error_patterns.GPU_NOT_LISTED,
        error_patterns.OPERATION_ERRORS,
        error_patterns.TIMEOUTS,
    ],
)
def test_every_signature_has_a_case(table: Sequence[error_patterns.ErrorPattern]) -> None:
    found = [one for name in NAMES for one in judged(name)]
    known = {(one.cause, "") for one in found} | {("", one.check) for one in found}
    assert {(signature.cause, signature.check) for signature in table} <= known


# What a GPU that computes may lack, by what the driver looks saw.
SLOWER: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
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


@pytest.mark.parametrize("check", SLOWER)
def test_a_gpu_that_computes_and_lacks_something_is_warned_of_and_no_failure(check: str) -> None:
    what, data, near = SLOWER[check]

    def found(data: dict[str, Any]) -> list[Finding]:
        given = (*seen("gpu-works"), Observation(what, data))
        judged = checks.probe(given, release=RELEASE, gpu_required=True, host=DRIVER, engine=ENGINE)
        assert checks.exit_code(judged) is ExitCode.OK
        return [one for one in judged if one.status is Verdict.WARNED]

    assert [one.check for one in found(data)] == [check]
    assert all(one.detail and one.hint for one in found(data))
    assert found(near) == []


def test_half_precision_counts_where_it_was_tried_and_the_speed_is_told() -> None:
    def found(right: bool) -> Finding:
        op = {"device": "GPU:0", "op": "matmul_half", "placed": "/device:GPU:0", "right": right}
        given = (
            *seen("gpu-works"),
            Observation("tensorflow.op", op),
            Observation("tensorflow.speed", {"device": "GPU:0", "tflops": 8.14}),
        )
        return checks.probe(given, release=RELEASE, gpu_required=True, host=DRIVER, engine=ENGINE)[1]

    assert (found(right=True).check, "8.1 TFLOP/s" in found(right=True).detail) == ("gpu/usable", True)
    assert (found(right=False).check, "in float16" in found(right=False).detail) == ("gpu/op-failed", True)


@pytest.mark.parametrize(
    ("answer", "check", "status"),
    [
        ("ok", "gpu/nodes-open", Verdict.PASSED),
        ("EPERM", "gpu/nodes-denied", Verdict.FAILED),
        ("ENXIO", "gpu/module-not-loaded", Verdict.FAILED),
    ],
)
def test_a_gpu_that_was_there_is_looked_at_again(answer: str, check: str, status: Verdict) -> None:
    nodes = dict.fromkeys(("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0"), answer)
    found = checks.gpu_device_nodes([Observation("gpu.nodes", {"nodes": nodes})])
    assert (found.check, found.status) == (check, status)
    assert checks.gpu_device_nodes([]).status is not Verdict.PASSED


def test_what_an_up_would_do_is_drift() -> None:
    assert checks.drift(()).status is Verdict.PASSED
    for found in (checks.drift(("start the container",)), checks.drift((), "line 3: no such key")):
        assert (found.status, bool(found.hint)) == (Verdict.WARNED, True)


# ── before anything is created ──


@pytest.mark.parametrize(
    ("host", "engine", "gpu_build", "check"),
    [
        (HostGpu(), ENGINE, True, "gpu/driver-missing"),
        (HostGpu(nodes=("/dev/nvidia0",)), ENGINE, True, "gpu/driver-missing"),
        (HostGpu(devices=()), ENGINE, True, "gpu/device-missing"),
        (HostGpu(devices=("0000:01:00.0",)), ENGINE, True, "gpu/driver-missing"),
        (HostGpu(driver="450.80.01"), ENGINE, True, "gpu/driver-too-old"),
        (HostGpu(driver="99.9"), ENGINE, True, "gpu/driver-too-old"),
        (HostGpu(driver="450.80.02"), replace(ENGINE, gpu_methods=()), True, "gpu/engine-cannot"),
        (HostGpu(driver="1000.1"), ENGINE, False, "gpu/cpu-build"),
        (DRIVER, ENGINE, True, None),
        (DRIVER, replace(ENGINE, gpu_methods=("hook",)), True, None),
        (DRIVER, None, True, None),
        (HostGpu(driver="450.80.02", devices=()), ENGINE, True, None),  # a loaded driver counts for more than a list
        (HostGpu(driver="a build of my own"), ENGINE, True, None),
    ],
)
def test_what_shows_before_anything_is_created(
    host: HostGpu, engine: EngineFacts | None, *, gpu_build: bool, check: str | None
) -> None:
    fault = gpu.preflight(required=True, host=host, engine=engine, release=RELEASE, gpu_build=gpu_build)
    assert (fault.check if fault else None) == check
    assert fault is None or checks.exit_code([fault]) is ExitCode.GPU


def test_without_a_gpu_to_require_a_missing_driver_is_a_reason_to_skip() -> None:
    fault = gpu.preflight(required=False, host=HostGpu(), engine=ENGINE)
    assert fault is not None
    assert fault.status is Verdict.SKIPPED
    assert fault.detail == "no NVIDIA driver on this host; TensorFlow runs on the CPU"


# ── one line and one exit code ──


@pytest.mark.proves("a failed check ends with 1, one of the GPU with 5", "real")
@pytest.mark.parametrize(
    ("failed", "code"),
    [
        ((), ExitCode.OK),
        (("ssh/login",), ExitCode.CHECK_FAILED),
        (("tensorflow/missing", "ssh/login"), ExitCode.CHECK_FAILED),
        (("ssh/login", "gpu/not-listed"), ExitCode.GPU),
    ],
)
def test_the_exit_code_follows_from_what_failed(failed: tuple[str, ...], code: ExitCode) -> None:
    passed = (make_finding("tensorflow/computes", "well"), make_finding("gpu/op-failed", "once", status=Verdict.WARNED))
    assert checks.exit_code((*passed, *(make_finding(check, "badly") for check in failed))) is code


def test_without_a_proof_nothing_is_said_to_be_proven() -> None:
    assert checks.summarize(()) == "not proven"
    assert checks.summarize([make_finding("gpu/driver-missing", "none", status=Verdict.SKIPPED)]) == "not proven"


# ── the table ──


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: str(check.id))
def test_a_row_of_the_table_is_complete(check: Any) -> None:
    assert re.fullmatch(r"[a-z]+/[a-z]+[0-9]*(-[a-z]+)*", check.id)
    assert check.title
    assert check.description.endswith(".")
    assert check.severity == "info" or check.hint or check.id in {"gpu/not-looked", *OWN_HINTS}


# Their findings always know a hint of their own.
OWN_HINTS = {"tensorflow/wrong-version", "tensorflow/import-failed", "tensorflow/silent", "gpu/driver-in-image"}


def test_the_documentation_of_checks_is_current() -> None:
    page = runpy.run_path(str(ROOT / "scripts" / "make_checks_page.py"))["page"]
    written = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert written == page(), "scripts/make_checks_page.py writes docs/checks.md anew"
    assert all(f"`{check}`" in written for check in CHECKS)


# ── the guest's script ──


@pytest.mark.parametrize("name", sorted({one for modules in guest_runner.PROGRAMS.values() for one in modules}))
def test_a_guest_script_is_python_3_8_and_imports_the_standard_library_and_tensorflow_alone(name: str) -> None:
    text = (Path(checks.__file__).parent.parent / "guest" / f"{name}.py").read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {
        name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    } | {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert imported - sys.stdlib_module_names <= {"tensorflow", "tensorboard", "numpy", "envkit"}
    assert "__file__" not in text.replace("tensorflow.__file__", "")


@pytest.mark.parametrize(
    ("hidden", "mig", "check"),
    [
        ("0", True, "gpu/mig-empty"),
        ("0", False, "gpu/hidden"),
        ("-1", True, "gpu/hidden"),
        ("", True, "gpu/hidden"),
        ("NoDevFiles", True, "gpu/hidden"),
        (None, True, "gpu/mig-empty"),
        (["0"], True, "gpu/mig-empty"),
    ],
)
def test_a_split_gpu_without_parts_is_told_from_a_hidden_one(hidden: object, mig: bool, check: str) -> None:
    nodes = {f"/dev/{one}": "ok" for one in ("nvidiactl", "nvidia-uvm", "nvidia0")}
    seen = [
        Observation("gpu.nodes", {"nodes": nodes}),
        Observation("gpu.libcuda", {"path": "/usr/lib/libcuda.so.1"}),
        Observation("gpu.variables", {"variables": {"CUDA_VISIBLE_DEVICES": hidden} if hidden is not None else {}}),
        Observation("gpu.nvml", {"code": 0, "gpus": [{"mig": mig}]}),
        Observation("gpu.cuda", {"code": 100}),
    ]
    assert gpu.check(seen, required=True, host=DRIVER, engine=ENGINE)[0].check == check


def test_wsl_is_named_where_it_is_what_hides_the_gpu() -> None:
    found = gpu.preflight(required=True, host=HostGpu(devices=(), wsl=True), engine=ENGINE)
    assert found is not None
    assert (found.check, "WSL" in found.detail) == ("gpu/wsl", True)
