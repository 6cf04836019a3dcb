"""Whatever a container prints, it is read, or passed over, and judged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit import catalog, checks
from envkit.checks import observations
from envkit.checks.table import CHECKS
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


def test_an_observation_is_read_as_it_was_written() -> None:
    line = '{"what": "tensorflow.devices", "data": {"cpus": 1, "gpus": [{"device": "GPU:0"}]}, "seconds": 0.25}'
    read = observations.parse(line)
    assert read == Observation("tensorflow.devices", {"cpus": 1, "gpus": [{"device": "GPU:0"}]}, 0.25)


@pytest.mark.parametrize(
    "line",
    [
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
    ],
    ids=range(19),
)
def test_what_is_no_observation_is_passed_over(line: str) -> None:
    assert observations.parse(line) is None


@pytest.mark.parametrize("seconds", ["-1", "1e999", "NaN", '"1"', "true", "null", "9" * 400, "[]"])
def test_a_time_that_is_none_counts_as_nothing(seconds: str) -> None:
    read = observations.parse(f'{{"what": "a", "seconds": {seconds}}}')
    assert read is not None
    assert read.seconds == 0.0


def test_values_lose_what_could_harm() -> None:
    data = {"text": "a\x1b[2Jb\u202ec\ud800", "inf": 1e999, "deep": [[[[[[[["far"]]]]]]]], "\x07key": 1}
    read = observations.parse(json.dumps({"what": "a", "data": data}))
    assert read is not None
    assert read.data["text"] == "a\\x1b[2Jb\\u202ec\\ud800"
    assert read.data["inf"] is None
    assert "far" not in str(read.data["deep"])
    assert "\\x07key" in read.data


def test_a_flood_is_read_up_to_a_thousand_lines() -> None:
    assert len(observations.parse_all('{"what": "a"}' for _ in range(5_000))) == 1_000


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    assert observations.parse(line) is None or line


KNOWN = (
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
# What stands under a key may be of any kind, the right one included.
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
    lambda what, data, seconds: json.dumps({"what": what, "data": data, "seconds": seconds}),
    st.sampled_from(KNOWN),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=6),
    st.sampled_from(VALUES),
)


@given(st.lists(LINES, max_size=12), st.booleans())
def test_whatever_a_container_prints_it_is_judged_and_a_required_gpu_needs_its_proof(
    lines: list[str], required: bool
) -> None:
    found = checks.probe(
        observations.parse_all(lines), release=RELEASE, gpu_required=required, host=DRIVER, engine=ENGINE
    )
    assert found
    assert all(isinstance(one.detail, str) and one.check in CHECKS for one in found)
    if not any(one.check == "gpu/usable" for one in found) and required:
        assert checks.exit_code(found) is ExitCode.GPU
