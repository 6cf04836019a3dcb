"""buildx is called so that nothing secret shows, and what it prints is understood."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config
from envkit.backends.docker import buildx
from envkit.backends.docker.build_log import LOGIN_HINT, LOGIN_REQUIRED, BuildLog
from envkit.backends.docker.buildkit_log import BuildKitLog
from envkit.backends.docker.buildx import Buildx
from envkit.errors import BuildFailed, ConfigError, EngineUnavailable

if TYPE_CHECKING:
    from envkit.model.report import Progress

RUN = 'RUN ["/opt/envkit/build/install-apt", "--", "tree"]'


# Calling it.


def test_values_that_may_be_secret_stand_in_no_argument() -> None:
    words = buildx.build_argv(
        Buildx(Path("/x/docker-buildx"), "0.14.0"),
        "envkit:1",
        {"b": "2", "a": "1"},
        {"http_proxy": "http://ada:hunter2@p", "HTTP_PROXY": "http://ada:hunter2@p"},
        login=True,
    )
    assert words == [
        "/x/docker-buildx",
        "build",
        "--builder",
        "default",
        "--load",
        "--provenance=false",
        "--sbom=false",
        "--progress",
        "rawjson",
        "--tag",
        "envkit:1",
        "--label",
        "a=1",
        "--label",
        "b=2",
        "--build-arg",
        "HTTP_PROXY",
        "--build-arg",
        "http_proxy",
        "--secret",
        "id=netrc,env=ENVKIT_NETRC",
        "-",
    ]


@pytest.mark.parametrize(("anew", "last"), [(True, ["--no-cache", "-"]), (False, ["envkit:1", "-"])])
def test_what_is_kept_of_earlier_builds_is_left_out_where_that_is_asked_for(*, anew: bool, last: list[str]) -> None:
    words = buildx.build_argv(
        Buildx(Path("/x/docker-buildx"), "0.14.0"), "envkit:1", {}, {}, login=False, no_cache=anew
    )
    assert words[-2:] == last


# Understanding it.


def vertex(name: str, **more: Any) -> dict[str, Any]:
    return {"vertexes": [{"digest": f"sha256:{name}", "name": name, **more}]}


def printed(name: str, text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {"logs": [{"vertex": f"sha256:{name}", "stream": 1, "data": data}]}


def heard(*said: dict[str, Any] | str, hidden: dict[str, str] | None = None, indent: int | None = 2) -> Any:
    """Return the news and the log of a build that said this."""
    news: list[Progress] = []
    log = BuildKitLog(BuildLog(news.append, hidden or {}))
    for one in said:
        for line in (one if isinstance(one, str) else json.dumps(one, indent=indent)).splitlines():
            log.feed(line)
    return news, log


def failure(*said: dict[str, Any] | str) -> BuildFailed:
    _, log = heard(*said)
    with pytest.raises(BuildFailed) as failed:
        log.end(1)
    return failed.value


@pytest.mark.parametrize("indent", [2, None])
def test_steps_and_lines_become_the_same_news_as_those_of_the_classic_builder(indent: int | None) -> None:
    first, second = "[1/2] FROM docker.io/library/envkit-base:bookworm", f"[2/2] {RUN}"
    news, log = heard(
        vertex("[internal] load remote build context", started="t", completed="t"),
        vertex(first),
        vertex(second),
        vertex(first, started="t"),
        vertex(first, started="t", completed="t"),
        vertex(second, started="t"),
        printed(second, "in pie"),
        printed(second, "ces\n\x1b[91mpainted\x1b[0m\nan "),
        printed(second, "end"),
        vertex(second, started="t", completed="t"),
        vertex("exporting to image", started="t"),
        "WARNING: of no matter",
        "",
        indent=indent,
    )
    assert [(one.text, one.verbose, one.step) for one in news] == [
        ("FROM envkit-base:bookworm", False, (1, 2)),
        ("installing system packages", False, (2, 2)),
        ("in pieces", True, None),
        ("painted", True, None),
        ("an end", True, None),
        ("keeping the image", False, None),
    ]
    log.end(0)


def test_a_step_is_told_as_soon_as_it_begins_and_a_cached_one_as_a_detail() -> None:
    cached, began = "[stage-0 1/2] COPY a /a", "[stage-0 2/2] RUN make"
    news, _ = heard(vertex(cached, started="t", completed="t", cached=True), vertex(began, started="t"))
    assert [(one.text, one.verbose) for one in news] == [("copying files", True), ("RUN make", False)]


def test_what_must_not_be_shown_is_hidden_in_lines_and_in_errors() -> None:
    name = f"[1/1] {RUN}"
    news, log = heard(
        vertex(name, started="t"),
        printed(name, "it is hunter2\n"),
        vertex(name, started="t", error="hunter2: no"),
        hidden={"hunter2": "(login)"},
    )
    assert news[-1].text == "it is (login)"
    with pytest.raises(BuildFailed, match=r"\(login\): no"):
        log.end(1)


@pytest.mark.parametrize(
    "error",
    [
        "executor failed running [/opt/envkit/build/install-apt -- tree]: exit code: 100",
        'process "/opt/envkit/build/install-apt -- tree" did not complete successfully: exit code: 100',
    ],
)
def test_a_failed_step_is_told_as_the_classic_builder_tells_it(error: str) -> None:
    name = f"[9/34] {RUN}"
    failed = failure(
        vertex(name, started="t"),
        printed(name, "reading\nE: Unable to locate package tree\nand so on\n"),
        vertex(name, started="t", completed="t", error=error),
        "Dockerfile:5",
        "--------------------",
        f"ERROR: failed to solve: {error}",
    )
    assert failed.message == "building the image failed: Unable to locate package tree\n    and so on"
    assert failed.detail == "step 9 of 34, installing system packages"
    assert "under apt:" in failed.hint
    bare = failure(vertex(name, started="t"), printed(name, "no\n"), vertex(name, started="t", error=error))
    assert bare.message == "building the image failed: a step ended with code 100\n    no"


@pytest.mark.parametrize(
    "line",
    [
        "User for packages.example.com: ERROR: Exception:",
        "hint: An index URL (https://packages.example.com) lacks valid authentication credentials (401 Unauthorized)",
    ],
)
def test_an_index_that_asks_for_a_login_is_told_whatever_else_was_printed(line: str) -> None:
    name = f"[9/34] {RUN}"
    failed = failure(
        vertex(name, started="t"),
        printed(name, f"No solution found\n{line}\nTraceback\n  more\n"),
        vertex(name, started="t", completed="t", error="exit code: 2"),
    )
    assert failed.message == f"building the image failed: {LOGIN_REQUIRED}\n    {line}"
    assert failed.hint == LOGIN_HINT


def test_a_failure_outside_of_every_step_is_told_in_its_own_words() -> None:
    failed = failure("ERROR: failed to solve: write /var/lib/docker/x: no space left on device")
    assert failed.message == "building the image failed: write /var/lib/docker/x: no space left on device"
    assert "free disk space" in failed.hint
    assert "buildx ended with code 1" in failure("what is this").message


@pytest.mark.parametrize(
    "error",
    [
        "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
        "ERROR: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
    ],
)
def test_an_engine_that_goes_away_is_told_as_that(error: str) -> None:
    _, log = heard(error)
    with pytest.raises(EngineUnavailable, match="the engine went away while building the image"):
        log.end(1)


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "{}",
        "{]}",
        "}",
        '{"vertexes": null, "logs": null}',
        '{"logs": [{"data": "?"}]}',
    ],
)
def test_what_is_not_understood_is_passed_over(said: str) -> None:
    news, log = heard(said, "}", vertex("[1/1] RUN make", started="t"))
    assert [one.text for one in news] == ["RUN make"]
    log.end(0)


# Choosing it.


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        ("{netrc: ~/.netrc}", "envkit.yaml:1 build.netrc: it is the login for build.index, which is not set"),
        ("{netrc: ~/.netrc, index: 'https://a.b', builder: classic}", "build.builder: the classic builder would keep"),
        ("{builder: kaniko}", 'got the text "kaniko"; write auto, buildx, or classic'),
        ("{builder: [buildx]}", "got a list; write auto, buildx, or classic"),
    ],
)
def test_a_config_that_no_road_can_serve_is_refused(build: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.load(f"build: {build}")
    assert problem in str(error.value)
