"""The failure table: known failures between a host and a working GPU, and the tests that show each of them.

The evidence is read from the tables of the tests, whose keys begin with the row's number.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tests.conftest import ROOT
from tests.functional import test_gpu_failures, test_gpu_nodes, test_gpu_refusals
from tests.guest import test_driver, test_driver_warnings
from tests.unit import test_host, test_host_checks, test_toolkit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REPRODUCED, RECORDED, QUOTED, MISSING = "reproduced", "recorded", "quoted", "missing"
METHODS = (REPRODUCED, RECORDED, QUOTED, MISSING)  # strongest first
CASES = ROOT / "tests/cases/probe"
_ROW = re.compile(r"(nodes [A-Z]+|[0-9]+)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """A known failure: its number, the layer where it lies, and its symptom."""

    number: str
    layer: str
    symptom: str


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A test file that shows a row, the method, and the checks that report the failure."""

    number: str
    method: str
    file: str
    checks: frozenset[str]


ROWS = (
    Row("nodes ENOENT", "container", "opening `/dev/nvidiactl` fails with ENOENT; NVML 9, `cuInit` 100"),
    Row("nodes ENXIO", "container", "opening it fails with ENXIO; NVML 9, `cuInit` 100"),
    Row("nodes EPERM", "container", "opening it fails with EPERM; NVML 999, `cuInit` 100"),
    Row("nodes EACCES", "container", "opening it fails with EACCES; NVML 4, `cuInit` 100"),
    Row("1", "host", "no NVIDIA display device on the bus, or no `/proc/driver/nvidia/version`"),
    Row("2", "host", "NVML 18, `cuInit` 803; `kernel version … does not match DSO version …`"),
    Row("3", "host", "`cuInit` 802 `CUDA_ERROR_SYSTEM_NOT_READY`, nvidia-smi works"),
    Row("4", "host", "`cuInit` 999 `CUDA_ERROR_UNKNOWN`, although the nodes open"),
    Row("5", "engine", '`could not select device driver "" with capabilities: [[gpu]]`'),
    Row("6", "engine", '`could not select device driver "nvidia" with capabilities: [[gpu]]`'),
    Row("7", "engine", '`could not select device driver "cdi" with capabilities: []`'),
    Row("8", "engine", "`failed to discover GPU vendor from CDI: no known GPU vendor found`"),
    Row("9", "engine", "`Unknown runtime specified nvidia`, `unknown or invalid runtime name: nvidia`"),
    Row("10", "engine", "`cannot set both Count and DeviceIDs on device request`"),
    Row("11", "engine", '`error gathering device information while adding custom device "/dev/nvidia0"`'),
    Row("12", "engine", "`unresolvable CDI devices nvidia.com/gpu=all`"),
    Row("13", "engine", "`stat nvidia.com/gpu=0: no such file or directory`"),
    Row("14", "toolkit", "`load library failed: libnvidia-ml.so.1`"),
    Row("15", "toolkit", "`nvml error: driver not loaded`"),
    Row("16", "toolkit", "`driver error: failed to process request`, `cuda error: unknown error`"),
    Row("17", "toolkit", "`requirement error: unsatisfied condition: cuda>=…`"),
    Row("18", "toolkit", "`mount error: failed to add device rules: … bpf_prog_query …`"),
    Row("19", "toolkit", "`device error: …: unknown device`"),
    Row("20", "toolkit", "`ldcache error: process /sbin/ldconfig failed with error code`"),
    Row("21", "toolkit", "`WSL environment detected but no adapters were found`"),
    Row("22", "toolkit", "`invoking the NVIDIA Container Runtime Hook directly … is not supported`"),
    Row("23", "host", "`E: Conflicting values set for option Signed-By`"),
    Row("24", "container", "`NVIDIA_VISIBLE_DEVICES` is void, none or empty, and there are no nodes"),
    Row("25", "container", "nodes, but neither `nvidia-smi` nor `libnvidia-ml.so.1`"),
    Row("26", "container", "`Could not load dynamic library 'libcuda.so.1'`; `cuInit` 303 in TensorFlow's log"),
    Row("27", "container", "`cuInit` 34 `CUDA_ERROR_STUB_LIBRARY`, or a libcuda in `/stubs/`"),
    Row("28", "container", "`cuInit` 100 `CUDA_ERROR_NO_DEVICE`, NVML 9"),
    Row("29", "container", "the nodes opened before, and now fail with EPERM"),
    Row("30", "container", "NVML 4, although the nodes open"),
    Row("31", "container", "NVML lists GPUs, `cuInit` 100 or none counted"),
    Row("32", "container", "`cuInit` 803, and libcuda belongs to a package of the image"),
    Row("33", "container", "`cuInit` 804 `CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE`"),
    Row("34", "CUDA", "`Cannot dlopen some GPU libraries`; one of eight does not load"),
    Row("35", "CUDA", "`Loaded runtime CuDNN library: … but source was compiled with: …`"),
    Row("36", "CUDA", "`Could not load library libcudnn_….so.8. Error: libnvrtc.so: …`"),
    Row("37", "TensorFlow", "`CUDA kernels will be jit-compiled from PTX`: a compute capability without code"),
    Row("38", "TensorFlow", "`The minimum required Cuda capability is …`"),
    Row("39", "TensorFlow", "`Couldn't get ptxas version string`: no `ptxas`"),
    Row("40", "TensorFlow", "`libdevice not found at ./libdevice.10.bc`"),
    Row("41", "TensorFlow", "222 `the provided PTX was compiled with an unsupported toolchain`"),
    Row("42", "TensorFlow", "`Could not create cudnn handle: CUDNN_STATUS_INTERNAL_ERROR`, `DNN library is not found`"),
    Row("43", "TensorFlow", "200 `device kernel image is invalid`, 209 `no kernel image is available`"),
    Row("44", "TensorFlow", "listed, but `cudaGetDevice() failed`"),
    Row("45", "toolkit", "`nvml error: driver/library version mismatch`"),
    Row("46", "toolkit", "`mount error: file creation failed: …libnvidia-ml.so.1: file exists`"),
    Row("47", "toolkit", "`driver rpc error: timed out`"),
    Row("48", "engine", '`exec: "nvidia-container-runtime": executable file not found in $PATH`'),
    Row("49", "toolkit", "`nvml error: insufficient permissions`"),
    Row("50", "toolkit", "`nvml error: gpu is lost`"),
    Row("51", "toolkit", "`cuda error: os call failed or operation not supported on this os`"),
    Row("52", "toolkit", "`privilege change failed: operation not permitted`"),
    Row("53", "toolkit", "`insufficient privileges to read device list from NVIDIA_VISIBLE_DEVICES`"),
    Row("54", "toolkit", "`mount error: …: read-only file system`, `…: no such file or directory`"),
)


@functools.cache
def collect_evidence() -> tuple[Evidence, ...]:
    """Collect the evidence of all rows from the tests' tables and the probe cases."""
    return (*_table_evidence(), *_case_evidence())


def _table_evidence() -> Iterator[Evidence]:
    reproduced = (
        ("tests/guest/test_driver.py", {key: row[1] for key, row in test_driver.ROWS.items()}),
        ("tests/guest/test_driver_warnings.py", {key: row[1] for key, row in test_driver_warnings.NOTES.items()}),
        ("tests/functional/test_gpu_nodes.py", {key: row[3] for key, row in test_gpu_nodes.ROWS.items()}),
        ("tests/functional/test_gpu_nodes.py", test_gpu_nodes.LOST),
        ("tests/functional/test_gpu_refusals.py", dict.fromkeys(test_gpu_refusals.ROWS, "")),
        ("tests/functional/test_gpu_failures.py", {key: row[1] for key, row in test_gpu_failures.ROWS.items()}),
        ("tests/functional/test_gpu_failures.py", {key: row[1] for key, row in test_gpu_failures.COMPILERS.items()}),
        ("tests/functional/test_gpu_failures.py", test_gpu_failures.ENDED),
        ("tests/unit/test_host.py", {key: row[2] for key, row in test_host.HOSTS.items()}),
        ("tests/unit/test_host_checks.py", dict.fromkeys(test_host_checks.APT_SOURCES, "host/apt")),
    )
    for file, table in reproduced:
        yield from _group_by_row(REPRODUCED, file, table.items())
    yield from _group_by_row(QUOTED, "tests/unit/test_toolkit.py", ((key, "") for key in test_toolkit.ROWS))


def _case_evidence() -> Iterator[Evidence]:
    for folder in sorted(CASES.iterdir()):
        case = yaml.safe_load((folder / "expected.yaml").read_text("utf-8"))
        if "row" in case:
            method = RECORDED if str(case.get("source", "")).startswith("recorded") else QUOTED
            checks = frozenset(row["check"] for row in case["findings"] if row["check"].startswith("gpu/"))
            yield Evidence(case["row"], method, f"tests/cases/probe/{folder.name}/expected.yaml", checks)


def _group_by_row(method: str, file: str, entries: Iterable[tuple[str, str]]) -> Iterator[Evidence]:
    checks: dict[str, set[str]] = {}
    for key, check in entries:
        if match := _ROW.match(key):
            checks.setdefault(match[1], set()).update({check} - {""})
    for number, row_checks in checks.items():
        yield Evidence(number, method, file, frozenset(row_checks))
