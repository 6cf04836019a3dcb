"""buildx gets no secret in its arguments, and its output becomes progress and errors."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config
from envkit.backends.docker import buildx
from envkit.backends.docker.build_log import LOGIN_REQUIRED, BuildLog
from envkit.backends.docker.buildkit_log import BuildKitLog
from envkit.backends.docker.buildx import Buildx
from envkit.errors import BuildFailed, ConfigError, EngineUnavailable

if TYPE_CHECKING:
    from envkit.model.report import Progress

RUN = 'RUN ["/opt/envkit/build/install-apt", "--", "tree"]'
BUILDX = Buildx(Path("/x/docker-buildx"), "0.14.0")


# Arguments.


def test_arguments_hold_no_values_that_may_be_secret() -> None:
    argv = buildx.build_argv(
        BUILDX,
        "envkit:1",
        {"b": "2", "a": "1"},
        {"http_proxy": "http://ada:hunter2@p", "HTTP_PROXY": "http://ada:hunter2@p"},
        login=True,
    )
    assert argv == [
        *("/x/docker-buildx", "build", "--builder", "default", "--load", "--provenance=false", "--sbom=false"),
        *("--progress", "rawjson"),
        *("--tag", "envkit:1"),
        *("--label", "a=1", "--label", "b=2"),
        *("--build-arg", "HTTP_PROXY", "--build-arg", "http_proxy"),
        *("--secret", "id=netrc,env=ENVKIT_NETRC"),
        "-",
    ]


def test_no_cache_is_an_option_of_buildx() -> None:
    for no_cache, last_arguments in ((True, ["--no-cache", "-"]), (False, ["envkit:1", "-"])):
        argv = buildx.build_argv(BUILDX, "envkit:1", {}, {}, login=False, no_cache=no_cache)
        assert argv[-2:] == last_arguments


# Output.


def vertex(name: str, **fields: Any) -> dict[str, Any]:
    return {"vertexes": [{"digest": f"sha256:{name}", "name": name, **fields}]}


def step_output(name: str, text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {"logs": [{"vertex": f"sha256:{name}", "stream": 1, "data": data}]}


def parse(
    *output: dict[str, Any] | str, redactions: dict[str, str] | None = None, indent: int | None = 2
) -> tuple[list[Progress], BuildKitLog]:
    events: list[Progress] = []
    log = BuildKitLog(BuildLog(events.append, redactions or {}))
    for document in output:
        for line in (document if isinstance(document, str) else json.dumps(document, indent=indent)).splitlines():
            log.feed(line)
    return events, log


def failure(*output: dict[str, Any] | str) -> BuildFailed:
    _, log = parse(*output)
    with pytest.raises(BuildFailed) as failed:
        log.end(1)
    return failed.value


def test_progress_is_the_same_as_of_the_classic_builder() -> None:
    first, second = "[1/2] FROM docker.io/library/envkit-base:bookworm", f"[2/2] {RUN}"
    for indent in (2, None):
        events, log = parse(
            vertex("[internal] load remote build context", started="t", completed="t"),
            vertex(first),
            vertex(second),
            vertex(first, started="t"),
            vertex(first, started="t", completed="t"),
            vertex(second, started="t"),
            step_output(second, "in pie"),
            step_output(second, "ces\n\x1b[91mcoloured\x1b[0m\nan "),
            step_output(second, "end"),
            vertex(second, started="t", completed="t"),
            vertex("exporting to image", started="t"),
            "WARNING: ignored",
            "",
            indent=indent,
        )
        assert [(progress.text, progress.verbose, progress.step) for progress in events] == [
            ("starting from envkit-base:bookworm", False, (1, 2)),
            ("installing system packages", False, (2, 2)),
            ("in pieces", True, None),
            ("coloured", True, None),
            ("an end", True, None),
            ("exporting the image", False, None),
        ], indent
        log.end(0)


def test_a_step_is_reported_when_it_begins_cached_ones_verbose() -> None:
    cached, started = "[stage-0 1/2] RUN tar", "[stage-0 2/2] RUN make"
    events, _ = parse(vertex(cached, started="t", completed="t", cached=True), vertex(started, started="t"))
    assert [(progress.text, progress.verbose) for progress in events] == [("RUN tar", True), ("RUN make", False)]


def test_secrets_are_redacted_in_output_and_errors() -> None:
    name = f"[1/1] {RUN}"
    events, log = parse(
        vertex(name, started="t"),
        step_output(name, "it is hunter2\n"),
        vertex(name, started="t", error="hunter2: no"),
        redactions={"hunter2": "(login)"},
    )
    assert events[-1].text == "it is (login)"
    with pytest.raises(BuildFailed, match=r"\(login\): no"):
        log.end(1)


def test_a_failed_step_has_the_error_of_the_classic_builder() -> None:
    name = f"[9/34] {RUN}"
    for error in (
        "executor failed running [/opt/envkit/build/install-apt -- tree]: exit code: 100",
        'process "/opt/envkit/build/install-apt -- tree" did not complete successfully: exit code: 100',
    ):
        failed = failure(
            vertex(name, started="t"),
            step_output(name, "reading\nE: Unable to locate package tree\nand so on\n"),
            vertex(name, started="t", completed="t", error=error),
            "Dockerfile:5",
            "--------------------",
            f"ERROR: failed to solve: {error}",
        )
        assert failed.message == "building the image failed: Unable to locate package tree\n    and so on", error
        assert (failed.code, failed.detail) == (
            "apt-package-not-found",
            "step 9 of 34, installing system packages",
        ), error
        unknown = failure(vertex(name, started="t"), step_output(name, "no\n"), vertex(name, started="t", error=error))
        assert unknown.message == "building the image failed: a step exited with code 100\n    no", error
        assert unknown.code == "build-failed", error


def test_a_required_login_decides_over_other_output() -> None:
    name = f"[9/34] {RUN}"
    for line in (
        "User for packages.example.com: ERROR: Exception:",
        "hint: An index URL (https://packages.example.com) lacks valid authentication credentials (401 Unauthorized)",
    ):
        failed = failure(
            vertex(name, started="t"),
            step_output(name, f"No solution found\n{line}\nTraceback\n  more\n"),
            vertex(name, started="t", completed="t", error="exit code: 2"),
        )
        assert failed.message == f"building the image failed: {LOGIN_REQUIRED}\n    {line}"
        assert failed.code == "index-login-required", line


def test_a_failure_outside_of_steps_is_quoted() -> None:
    failed = failure("ERROR: failed to solve: write /var/lib/docker/x: no space left on device")
    assert failed.message == "building the image failed: write /var/lib/docker/x: no space left on device"
    assert failed.code == "disk-full"
    assert "exited with code 1" in failure("what is this").message


def test_a_lost_connection_is_reported() -> None:
    for error in (
        "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
        "ERROR: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    ):
        _, log = parse(error)
        with pytest.raises(EngineUnavailable, match="building the image") as failed:
            log.end(1)
        assert failed.value.code == "engine-connection-lost", error


def test_invalid_output_is_ignored() -> None:
    for text in (
        "{",
        "{}",
        "{]}",
        "}",
        '{"vertexes": null, "logs": null}',
        '{"logs": [{"data": "?"}]}',
    ):
        events, log = parse(text, "}", vertex("[1/1] RUN make", started="t"))
        assert [progress.text for progress in events] == ["RUN make"], text
        log.end(0)


# Configuration.


def test_invalid_builder_settings_are_refused() -> None:
    cases = [
        ("{netrc: ~/.netrc}", "build.netrc"),
        ("{netrc: ~/.netrc, index: 'https://a.b', builder: classic}", "build.builder"),
        ("{builder: kaniko}", "build.builder"),
        ("{builder: [buildx]}", "build.builder"),
    ]
    for build, key in cases:
        with pytest.raises(ConfigError) as error:
            config.load(f"build: {build}")
        assert [problem.key for problem in error.value.problems] == [key], build
        assert error.value.problems[0].line == 1, build
