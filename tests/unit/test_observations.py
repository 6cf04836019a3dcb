"""Parse and judge whatever a container prints."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from envkit import catalog, checks
from envkit.checks import observations
from envkit.checks.check import CHECKS
from envkit.errors import ExitCode
from envkit.model.facts import EngineFacts, HostGpu
from envkit.model.report import Observation

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


def test_an_observation_is_parsed() -> None:
    line = '{"what": "tensorflow.devices", "data": {"cpus": 1, "gpus": [{"device": "GPU:0"}]}, "seconds": 0.25}'
    assert observations.parse(line) == Observation(
        "tensorflow.devices", {"cpus": 1, "gpus": [{"device": "GPU:0"}]}, 0.25
    )


INVALID_LINES = (
    "",
    "hello",
    "null",
    "1",
    "[]",
    "{}",
    '{"what": 1}',
    '{"what": ""}',
    '{"what": "a b"}',
    '{"what": "a\\n"}',
    '{"what": "ä"}',
    '{"what": "' + "a" * 40 + '"}',
    '{"what": "a", "data": []}',
    '{"what": "a", "data": null}',
    '{"what": "a"',
    "[" * 60_000,
    '{"what": "a", "data": {"x": "' + "y" * 70_000 + '"}}',
    '{"what": "a", "data": {"x": ' + "9" * 10_000 + "}}",
    '{"a":' * 5_000,
)


def test_lines_without_an_observation_are_ignored() -> None:
    for line in INVALID_LINES:
        assert observations.parse(line) is None, line[:60]


def test_an_invalid_duration_counts_as_zero() -> None:
    for seconds in ("-1", "1e999", "NaN", '"1"', "true", "null", "9" * 400, "[]"):
        observation = observations.parse(f'{{"what": "a", "seconds": {seconds}}}')
        assert observation is not None, seconds
        assert observation.seconds == 0.0, seconds


def test_values_are_sanitized() -> None:
    data = {"text": "a\x1b[2Jb\u202ec\ud800", "inf": 1e999, "deep": [[[[[[[["far"]]]]]]]], "\x07key": 1}
    observation = observations.parse(json.dumps({"what": "a", "data": data}))
    assert observation is not None
    assert observation.data["text"] == "a\\x1b[2Jb\\u202ec\\ud800"
    assert observation.data["inf"] is None
    assert "far" not in str(observation.data["deep"])
    assert "\\x07key" in observation.data


def test_at_most_a_thousand_observations_are_parsed() -> None:
    assert len(observations.parse_all('{"what": "a"}' for _ in range(5_000))) == 1_000


@given(st.text())
def test_no_line_breaks_the_parser(line: str) -> None:
    assert observations.parse(line) is None or line


NAMES = (
    "begin",
    "ended",
    "done",
    "python",
    "packages",
    "gpu.nodes",
    "gpu.variables",
    "tensorflow.missing",
    "tensorflow.log",
    "tensorflow.import",
    "tensorflow.version",
    "tensorflow.build",
    "tensorflow.devices",
    "tensorflow.op",
)
KEYS = (
    "look",
    "device",
    "op",
    "by",
    "signal",
    "limit_s",
    "out_of_memory",
    "error",
    "type",
    "message",
    "nodes",
    "variables",
    "versions",
    "text",
    "version",
    "is_cuda_build",
    "gpus",
    "model",
    "placed",
    "right",
    "/dev/nvidiactl",
    "/dev/nvidia0",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
)
# Values of any type, the expected one included.
VALUES: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1e308,
    "",
    "ok",
    "ENOENT",
    "ENXIO",
    "CPU:0",
    "GPU:0",
    "matmul",
    "conv2d",
    "2.9.0",
    "limit",
    "signal",
    "SIGKILL",
    "tensorflow.op",
    "/device:GPU:0",
    "{op}",
    [],
    [1],
    {},
    {"device": "GPU:0"},
    [{"device": "GPU:0", "model": 1}],
    {"type": 1, "message": []},
    {"/dev/nvidiactl": 1},
    {"/dev/nvidia0": "ok"},
    {"CUDA_VISIBLE_DEVICES": []},
    {"NVIDIA_VISIBLE_DEVICES": {}},
)
LINES = st.builds(
    lambda name, data, seconds: json.dumps({"what": name, "data": data, "seconds": seconds}),
    st.sampled_from(NAMES),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=6),
    st.sampled_from(VALUES),
)


@given(st.lists(LINES, max_size=12), st.booleans())
def test_any_output_is_judged_and_a_required_gpu_needs_proof(lines: list[str], required: bool) -> None:
    findings = checks.probe(
        observations.parse_all(lines), release=RELEASE, gpu_required=required, host=DRIVER, engine=ENGINE
    )
    assert findings
    assert all(isinstance(finding.detail, str) and finding.check in CHECKS for finding in findings)
    if required and not any(finding.check == "gpu/usable" for finding in findings):
        assert checks.exit_code(findings) is ExitCode.GPU
