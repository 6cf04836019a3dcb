"""The two roads to an image, on real engines: the engine's own builder, and BuildKit through buildx."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from envkit.backends.docker import buildx, images, inspect
from envkit.backends.docker.client import Engine, connect
from envkit.errors import BuildFailed, EngineUnavailable
from envkit.model.artifact import Artifact
from tests.conftest import ROOT
from tests.contract.conftest import LABELS
from tests.functional.engine_gate import Gate
from tests.functional.trees import different, holding, settings, trees
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envkit.backends.docker.buildx import Buildx
    from envkit.model.report import Progress

PLUGINS = ROOT / ".cache/tools/docker"
LOGIN = "machine packages.example.com login ada password hunter2-of-ada\n"
# Every kind of instruction that envkit's Dockerfiles have.
DOCKERFILE = r"""
# A comment.
FROM {base}
USER 0:0
ENV PATH="/usr/bin:/bin:$PATH" \
    TOLD="a \"b\" \$c \\d"
COPY run settings/secret /opt/envkit/
COPY settings/open /etc/settings.d/90-open
RUN ["/bin/sh", "-c", "umask 027; echo $TOLD > /opt/envkit/made; echo told >&2"]
WORKDIR /work/place
USER 65534:65534
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["true", "--noproxy", "*"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/envkit/run"]
"""
WITH_LOGIN = """
FROM {base}
ARG NETRC="/root/.netrc"
RUN --mount=type=secret,id=netrc,target=/root/.netrc,required=true ["/bin/sh", "-c", "cat $NETRC; id; wc -c $NETRC"]
RUN ["/bin/sh", "-c", "[ ! -e /root/.netrc ]"]
"""
RUN = secrets.token_hex(8)
FILES = (
    Artifact("run", "#!/bin/sh\n", 0o755),
    Artifact("settings/secret", "x\n", 0o600),
    Artifact("settings/open", "y\n", 0o644),
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Buildx:
    """Return the buildx that was fetched for the tests, found where the Docker client's config would have it."""
    monkeypatch.setenv("DOCKER_CONFIG", str(PLUGINS))
    plugin = buildx.find()
    assert isinstance(plugin, buildx.Buildx), f"{plugin.reason}; `scripts/tools.sh` gets it"
    assert plugin.path.is_relative_to(PLUGINS)
    return plugin


@pytest.fixture
def made(engine: Engine, tiny: str, found: Buildx) -> Iterator[Callable[..., str]]:
    """Yield `made(dockerfile, name=…)`: builds on the tiny image by buildx; what was made goes in the end."""
    refs = []

    def build(
        dockerfile: str = DOCKERFILE,
        *,
        name: str = "buildx",
        proxies: Mapping[str, str] | None = None,
        login: str = "",
        say: Callable[[Progress], None] = lambda _: None,
    ) -> str:
        refs.append(f"{tiny}-{name}")
        buildx.build(found, engine, context(dockerfile, tiny), refs[-1], LABELS, proxies or {}, login, say)
        return refs[-1]

    yield build
    for ref in refs:
        assert images.remove(engine, ref)


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=engine.endpoint)
    yield client
    client.close()


def context(dockerfile: str, base: str) -> tuple[Artifact, ...]:
    """Return a build context. Its second step is this test's own: BuildKit remembers what earlier runs built."""
    test = os.environ["PYTEST_CURRENT_TEST"].split()[0]
    own = f"{base}\nENV TEST={json.dumps(test + RUN)}"
    return (*FILES, Artifact("Dockerfile", dockerfile.replace("{base}", own)))


@pytest.mark.proves("an image is the same by buildx and by the engine's own builder, file for file", "stand-in")
def test_both_roads_lead_to_the_same_files_and_settings(
    engine: Engine, tiny: str, made: Callable[..., str], client: docker.DockerClient
) -> None:
    classic = f"{tiny}-classic"
    images.build(engine, context(DOCKERFILE, tiny), classic, LABELS, {}, lambda _: None)
    try:
        one, other = trees(client, classic, by_buildx := made())
        assert different(one, other) == set()
        assert [one[f"opt/envkit/{name}"].mode & 0o777 for name in ("made", "secret", "run")] == [0o640, 0o600, 0o755]
        assert settings(client, classic) == settings(client, by_buildx)
        assert settings(client, classic)["Env"][-1] == 'TOLD=a "b" $c \\d'
        labels = [client.images.get(ref).labels for ref in (classic, by_buildx)]
        assert labels[0] == labels[1]
        assert labels[0].items() >= LABELS.items()
    finally:
        images.remove(engine, classic)


def test_a_build_tells_its_steps_and_an_equal_one_is_cached(engine: Engine, made: Callable[..., str]) -> None:
    first: list[Progress] = []
    again: list[Progress] = []
    known = inspect.image(engine, made(say=first.append))
    assert [one.step for one in first if one.step] == [(n, 5) for n in range(1, 6)]
    assert [one.text for one in first if one.verbose and not one.step] == ["told"]
    found = inspect.image(engine, made(name="again", say=again.append))
    assert known is not None
    assert found is not None
    assert found.id == known.id
    assert {one.verbose for one in again if one.step and one.step[0] > 1} == {True}


def test_a_build_that_fails_shows_what_was_printed_and_leaves_no_image(
    engine: Engine, tiny: str, found: Buildx
) -> None:
    broken = context('FROM {base}\nRUN ["/bin/sh", "-c", "echo the reason why; exit 3"]\n', tiny)
    with pytest.raises(BuildFailed, match=r"a step ended with code 3\n    the reason why") as failed:
        buildx.build(found, engine, broken, f"{tiny}-broken", LABELS, {}, "", lambda _: None)
    assert failed.value.detail.startswith("step 2 of 2, RUN ")
    assert inspect.image(engine, f"{tiny}-broken") is None


def test_the_login_is_lent_to_the_step_that_asks_and_kept_nowhere(
    made: Callable[..., str], client: docker.DockerClient
) -> None:
    news: list[Progress] = []
    ref = made(WITH_LOGIN, login=LOGIN, say=news.append)
    told = [one.text for one in news if one.verbose and not one.step]
    assert told[0] == "machine packages.example.com login ada password (login)"
    assert told[-1] == f"{len(LOGIN)} /root/.netrc"
    assert "hunter2" not in repr(news)
    assert not holding(client, ref, b"hunter2")
    assert holding(client, ref, b"/root/.netrc")  # as the history says, so that it was looked at
    made_of = client.images.get(ref)
    assert "hunter2" not in json.dumps([made_of.attrs, made_of.history()])


def test_another_login_builds_nothing_anew(engine: Engine, made: Callable[..., str]) -> None:
    before = inspect.image(engine, made(WITH_LOGIN, login=LOGIN))
    after = inspect.image(engine, made(WITH_LOGIN, name="again", login=LOGIN.replace("hunter2", "hunter3")))
    assert before is not None
    assert after is not None
    assert before.id == after.id


def test_a_proxy_reaches_the_build_and_its_password_is_kept_nowhere(
    made: Callable[..., str], client: docker.DockerClient
) -> None:
    news: list[Progress] = []
    script = "echo $http_proxy $HTTP_PROXY"
    address = "http://ada:hunter2@proxy.example.com:3128"
    ref = made(
        f'FROM {{base}}\nRUN ["/bin/sh", "-c", "{script}"]\n',
        proxies={"http_proxy": address},
        say=news.append,
    )
    assert [one.text for one in news if one.verbose and not one.step] == ["(proxy) (proxy)"]
    assert not holding(client, ref, b"hunter2")


def test_nothing_of_the_callers_own_docker_reaches_a_build(
    made: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies = {"httpProxy": "http://ada:hunter2@proxy:3128"}
    config = {"proxies": {"default": proxies}, "credsStore": "gone", "HttpHeaders": {"X": "y\n"}}
    (tmp_path / "config.json").write_text(json.dumps({**config, "currentContext": "gone"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name, value in {
        "BUILDX_BUILDER": "gone",
        "BUILDX_CONFIG": str(tmp_path),
        "DOCKER_HOST": "unix:///nowhere",
        "http_proxy": "x:1",
        "DOCKER_CONTEXT": "gone",
        "DOCKER_DEFAULT_PLATFORM": "linux/s390x",
        "SOURCE_DATE_EPOCH": "1",
    }.items():
        monkeypatch.setenv(name, value)
    made('FROM {base}\nRUN ["/bin/sh", "-c", "[ -z $http_proxy$HTTP_PROXY$no_proxy$SOURCE_DATE_EPOCH ]"]\n')
    assert [one.name for one in tmp_path.iterdir()] == ["config.json"]


def test_an_interrupted_build_ends_and_leaves_nothing(engine: Engine, tiny: str, found: Buildx) -> None:
    ref, marked = f"{tiny}-interrupted", str(600_000 + os.getpid())

    def interrupt(news: Progress) -> None:
        if news.text == "begun":
            wait_until(lambda: running(marked), "the step of the build runs")
            raise KeyboardInterrupt

    long = context(f'FROM {{base}}\nRUN ["/bin/sh", "-c", "echo begun; exec sleep {marked}"]\n', tiny)
    with pytest.raises(KeyboardInterrupt):
        buildx.build(found, engine, long, ref, LABELS, {}, "", interrupt)
    wait_until(lambda: not running(marked), "the step of the build ends")
    assert not running(ref)
    assert inspect.image(engine, ref) is None


@pytest.mark.parametrize("deed", ["cut", "cut after"])
def test_an_engine_that_goes_away_is_told_as_that(
    deed: str, engine: Engine, tiny: str, found: Buildx, tmp_path: Path
) -> None:
    slow = context(f'FROM {{base}}\nRUN ["/bin/sh", "-c", "echo {threading.get_ident()}; sleep 3"]\n', tiny)
    with Gate(tmp_path / "gate.sock", engine.endpoint.removeprefix("unix://")) as gate:
        behind = connect(f"unix://{gate.path}")
        rule = gate.on("POST .*/grpc", deed)  # type: ignore[arg-type]
        with pytest.raises(EngineUnavailable, match="the engine went away while building the image"):
            buildx.build(found, behind, slow, f"{tiny}-cut", LABELS, {}, "", lambda _: None)
        assert rule.reached.is_set()
        behind.api.close()


def running(word: str) -> list[str]:
    """Return the command lines of this machine's processes that hold a word."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            lines.append(re.sub(r"\0", " ", (process / "cmdline").read_text(errors="replace")))
    return [line for line in lines if word in line]
