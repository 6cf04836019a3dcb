"""The two builders on real engines: the engine's own builder, and BuildKit through buildx."""

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
from tests.support.engine_gate import Gate
from tests.support.image_trees import differing_paths, image_contains, settings, trees
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from envkit.backends.docker.buildx import Buildx
    from envkit.model.report import Progress

PLUGINS = ROOT / ".cache/tools/docker"
LOGIN = "machine packages.example.com login ada password hunter2-of-ada\n"
# Every kind of instruction in envkit's Dockerfiles.
DOCKERFILE = r"""
# A comment.
FROM {base}
USER 0:0
ENV PATH="/usr/bin:/bin:$PATH" \
    TEXT="a \"b\" \$c \\d"
COPY run settings/secret /opt/envkit/
COPY settings/open /etc/settings.d/90-open
RUN ["/bin/sh", "-c", "umask 027; echo $TEXT > /opt/envkit/made; echo printed >&2"]
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
def buildx_cli(monkeypatch: pytest.MonkeyPatch) -> Buildx:
    """Return the buildx that was downloaded for the tests, in the configuration folder of Docker's client."""
    monkeypatch.setenv("DOCKER_CONFIG", str(PLUGINS))
    plugin = buildx.find()
    assert isinstance(plugin, buildx.Buildx), f"{plugin.reason}; `scripts/setup/tools.sh` installs it"
    assert plugin.path.is_relative_to(PLUGINS)
    return plugin


@pytest.fixture
def build_image(engine: Engine, tiny: str, buildx_cli: Buildx) -> Iterator[Callable[..., str]]:
    """Yield `build_image(dockerfile, name=…)`, which builds on the tiny image; the images are removed at the end."""
    refs = []

    def build(
        dockerfile: str = DOCKERFILE,
        *,
        name: str = "buildx",
        proxies: Mapping[str, str] | None = None,
        login: str = "",
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> str:
        refs.append(f"{tiny}-{name}")
        buildx.build(buildx_cli, engine, context(dockerfile, tiny), refs[-1], LABELS, proxies or {}, login, on_progress)
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
    """Return a build context; its second step is unique to this test, because BuildKit caches earlier runs."""
    test = os.environ["PYTEST_CURRENT_TEST"].split()[0]
    unique_base = f"{base}\nENV TEST={json.dumps(test + RUN)}"
    return (*FILES, Artifact("Dockerfile", dockerfile.replace("{base}", unique_base)))


@pytest.mark.proves("buildx and the engine's own builder produce the same image, file by file", "stand-in")
def test_both_builders_give_the_same_files_and_settings(
    engine: Engine, tiny: str, build_image: Callable[..., str], client: docker.DockerClient
) -> None:
    classic = f"{tiny}-classic"
    images.build(engine, context(DOCKERFILE, tiny), classic, LABELS, {}, lambda _: None)
    try:
        classic_tree, buildx_tree = trees(client, classic, by_buildx := build_image())
        assert differing_paths(classic_tree, buildx_tree) == set()
        assert [classic_tree[f"opt/envkit/{name}"].mode & 0o777 for name in ("made", "secret", "run")] == [
            0o640,
            0o600,
            0o755,
        ]
        assert settings(client, classic) == settings(client, by_buildx)
        assert settings(client, classic)["Env"][-1] == 'TEXT=a "b" $c \\d'
        labels = [client.images.get(ref).labels for ref in (classic, by_buildx)]
        assert labels[0] == labels[1]
        assert labels[0].items() >= LABELS.items()
    finally:
        images.remove(engine, classic)


def test_a_build_reports_steps_and_is_cached(engine: Engine, build_image: Callable[..., str]) -> None:
    events: list[Progress] = []
    cached_events: list[Progress] = []
    image = inspect.image(engine, build_image(on_progress=events.append))
    assert [progress.step for progress in events if progress.step] == [(number, 5) for number in range(1, 6)]
    assert [progress.text for progress in events if progress.verbose and not progress.step] == ["printed"]
    cached_image = inspect.image(engine, build_image(name="again", on_progress=cached_events.append))
    assert image is not None
    assert cached_image is not None
    assert cached_image.id == image.id
    assert {progress.verbose for progress in cached_events if progress.step and progress.step[0] > 1} == {True}


def test_a_failed_build_shows_its_output_and_leaves_no_image(engine: Engine, tiny: str, buildx_cli: Buildx) -> None:
    broken = context('FROM {base}\nRUN ["/bin/sh", "-c", "echo the reason why; exit 3"]\n', tiny)
    with pytest.raises(BuildFailed, match=r"a step exited with code 3\n    the reason why") as failed:
        buildx.build(buildx_cli, engine, broken, f"{tiny}-broken", LABELS, {}, "", lambda _: None)
    assert failed.value.detail.startswith("step 2 of 2, RUN ")
    assert inspect.image(engine, f"{tiny}-broken") is None


def test_the_login_reaches_only_the_step_that_requests_it(
    build_image: Callable[..., str], client: docker.DockerClient
) -> None:
    events: list[Progress] = []
    ref = build_image(WITH_LOGIN, login=LOGIN, on_progress=events.append)
    lines = [progress.text for progress in events if progress.verbose and not progress.step]
    assert lines[0] == "machine packages.example.com login ada password (login)"
    assert lines[-1] == f"{len(LOGIN)} /root/.netrc"
    assert "hunter2" not in repr(events)
    assert not image_contains(client, ref, b"hunter2")
    assert image_contains(client, ref, b"/root/.netrc")  # the history holds the path, so it was searched
    image = client.images.get(ref)
    assert "hunter2" not in json.dumps([image.attrs, image.history()])


def test_another_login_keeps_the_cache(engine: Engine, build_image: Callable[..., str]) -> None:
    before = inspect.image(engine, build_image(WITH_LOGIN, login=LOGIN))
    after = inspect.image(engine, build_image(WITH_LOGIN, name="again", login=LOGIN.replace("hunter2", "hunter3")))
    assert before is not None
    assert after is not None
    assert before.id == after.id


def test_a_proxy_reaches_the_build_but_not_the_image(
    build_image: Callable[..., str], client: docker.DockerClient
) -> None:
    events: list[Progress] = []
    script = "echo $http_proxy $HTTP_PROXY"
    address = "http://ada:hunter2@proxy.example.com:3128"
    ref = build_image(
        f'FROM {{base}}\nRUN ["/bin/sh", "-c", "{script}"]\n',
        proxies={"http_proxy": address},
        on_progress=events.append,
    )
    assert [progress.text for progress in events if progress.verbose and not progress.step] == ["(proxy) (proxy)"]
    assert not image_contains(client, ref, b"hunter2")


def test_the_callers_docker_config_does_not_reach_a_build(
    build_image: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    build_image('FROM {base}\nRUN ["/bin/sh", "-c", "[ -z $http_proxy$HTTP_PROXY$no_proxy$SOURCE_DATE_EPOCH ]"]\n')
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_an_interrupted_build_ends_and_leaves_no_image(engine: Engine, tiny: str, buildx_cli: Buildx) -> None:
    ref, marker = f"{tiny}-interrupted", str(600_000 + os.getpid())

    def interrupt(progress: Progress) -> None:
        if progress.text == "started":
            wait_until(lambda: running(marker), "the step of the build runs")
            raise KeyboardInterrupt

    long = context(f'FROM {{base}}\nRUN ["/bin/sh", "-c", "echo started; exec sleep {marker}"]\n', tiny)
    with pytest.raises(KeyboardInterrupt):
        buildx.build(buildx_cli, engine, long, ref, LABELS, {}, "", interrupt)
    wait_until(lambda: not running(marker), "the step of the build ends")
    assert not running(ref)
    assert inspect.image(engine, ref) is None


@pytest.mark.parametrize("deed", ["cut", "cut after"])
def test_a_lost_connection_is_reported(
    deed: str, engine: Engine, tiny: str, buildx_cli: Buildx, tmp_path: Path
) -> None:
    slow = context(f'FROM {{base}}\nRUN ["/bin/sh", "-c", "echo {threading.get_ident()}; sleep 3"]\n', tiny)
    with Gate(tmp_path / "gate.sock", engine.endpoint.removeprefix("unix://")) as gate:
        gated_engine = connect(f"unix://{gate.path}")
        rule = gate.on("POST .*/grpc", deed)  # type: ignore[arg-type]
        with pytest.raises(EngineUnavailable, match="building the image") as error:
            buildx.build(buildx_cli, gated_engine, slow, f"{tiny}-cut", LABELS, {}, "", lambda _: None)
        assert error.value.code == "engine-connection-lost"
        assert rule.reached.is_set()
        gated_engine.api.close()


def running(word: str) -> list[str]:
    """Return the command lines of this host's processes that contain a word."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            lines.append(re.sub(r"\0", " ", (process / "cmdline").read_text(errors="replace")))
    return [line for line in lines if word in line]
