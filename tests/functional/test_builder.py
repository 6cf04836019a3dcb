"""Two roads build the same image: buildx where it is here, else the engine's own builder; buildx takes a login too."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.functional.conftest import FIRST_UP_S
from tests.functional.messages import told, told_of_config
from tests.functional.private_index import private_index
from tests.functional.test_trust import address_of_host
from tests.functional.trees import compiled, different, holding, settings, trees
from tests.functional.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.functional.account import Ran, User
    from tests.functional.private_index import PrivateIndex
    from tests.functional.trees import Tree
    from tests.functional.workspaces import Envkit

pytestmark = pytest.mark.whole_image

PASSWORD = "hunter2-Zq7-of-ada"
ELSEWHERE = "machine packages.example.com login ada password another-one"
# What cannot be the same in two builds, or was asked for otherwise, and why; each of it has to differ.
OTHERWISE = {
    "etc/pip.conf": "it names the index",
    "etc/uv/uv.toml": "it names the index",
    "var/cache/ldconfig/aux-cache": "it holds inodes and times of libraries",
}
STALE = "an image of this machine was built when other versions were published? docker rmi it and build anew: "


@dataclass(frozen=True, slots=True)
class Built:
    """An image by each road: the classic one's on the default index, that of buildx on a private one with a login.

    Attributes:
        classic: Reference of the first.
        buildx: Reference of the second.
        ran: The build of the second.
        index: What it was built from.
    """

    classic: str
    buildx: str
    ran: Ran
    index: PrivateIndex


@pytest.fixture(scope="module")
def plugin(place: Path) -> Path:
    """Return a folder for the config of Docker's client, in which buildx is."""
    source = ROOT / ".cache/tools/docker/cli-plugins/docker-buildx"
    if not source.exists():
        pytest.fail("buildx is not here: `scripts/setup/tools.sh` gets it", pytrace=False)
    folder = place / "docker"
    (folder / "cli-plugins").mkdir(parents=True)
    shutil.copy(source, folder / "cli-plugins/docker-buildx")
    (folder / "cli-plugins/docker-buildx").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def index(engine: docker.DockerClient, user: User, run_envkit: Envkit) -> Iterator[PrivateIndex]:
    python = run_envkit.program.with_name("python")
    with private_index(address_of_host(engine), PASSWORD, user, python) as server:
        yield server


@pytest.fixture(scope="module")
def project(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces("gpu: off\n", name="private")
    workspaces.close()


@pytest.fixture(scope="module")
def login(user: User, index: PrivateIndex) -> Path:
    path = user.home / "index-login"
    path.write_text(f"{ELSEWHERE}\nmachine {index.host}\n  login ada\n  password {PASSWORD}\n")
    return user.own(path, 0o600)


@pytest.fixture(scope="module")
def built(
    index: PrivateIndex,
    project: Path,
    login: Path,
    plugin: Path,
    run_envkit: Envkit,
    engine: docker.DockerClient,
    classic: str,
) -> Iterator[Built]:
    """Build the second image, where nothing says by which road; in the end it goes, and its cache with it."""
    before = cached(engine)
    config(project, index=index.url, netrc=str(login))
    args = ["build", "--yes", "--verbose", "--format", "json"]
    env = {"DOCKER_CONFIG": str(plugin), **index.env}
    ran = run_envkit(args, cwd=project, env=env, timeout_s=FIRST_UP_S)
    assert ran.code == 0, str(ran)
    ref = json.loads(ran.out)["result"]["image"]
    yield Built(classic, ref, ran, index)
    engine.images.remove(ref)
    forget(engine, cached(engine) - before)


@pytest.fixture(scope="module")
def classic(image: str, engine: docker.DockerClient) -> str:
    """Return the image of the default plan, and insist that the engine's own builder made it."""
    comments = {one["Comment"] for one in engine.images.get(image).history()}
    assert not any(one.startswith("buildkit") for one in comments), "docker rmi it, and let this machine have no buildx"
    return image


@pytest.fixture(scope="module")
def both(built: Built, engine: docker.DockerClient) -> tuple[Tree, Tree]:
    """Return the files of both images."""
    one, other = trees(engine, built.classic, built.buildx)
    return one, other


def cached(engine: docker.DockerClient) -> set[str]:
    """Return what BuildKit keeps."""
    return {one["ID"] for one in engine.api.df().get("BuildCache") or ()}


def forget(engine: docker.DockerClient, records: set[str]) -> None:
    """Take what BuildKit keeps of this build out of its cache."""
    if records:
        pattern: Any = {"id": f'"^({"|".join(sorted(records))})$"'}
        engine.api.prune_builds(filters=pattern, all=True)


def config(project: Path, **build: str) -> None:
    """Write a project's config."""
    (project / "envkit.yaml").write_text(f"gpu: off\nbuild: {json.dumps(build)}\n")


@pytest.mark.proves("buildx builds the image where it is installed", "real")
def test_where_buildx_is_it_is_what_builds(built: Built, engine: docker.DockerClient) -> None:
    assert re.search(rf"build: built {built.buildx} with buildx [0-9.]+\n", built.ran.err)
    assert engine.images.get(built.buildx).history()[0]["Comment"].startswith("buildkit")


@pytest.mark.proves("an image is the same by buildx and by the engine's own builder, file for file", "real")
def test_both_roads_lead_to_the_same_files(both: tuple[Tree, Tree], built: Built, engine: docker.DockerClient) -> None:
    one, other = both
    differ = different(one, other)
    by_python = {path for path in differ if path.endswith(".pyc") and path in one and path in other}
    assert differ - by_python == set(OTHERWISE), STALE + str(sorted(differ - by_python ^ set(OTHERWISE))[:20])
    assert len(one) > 40_000
    assert all(same_beside_bytes(one[path], other[path]) for path in by_python)
    assert compiled(engine, built.classic, by_python) == compiled(engine, built.buildx, by_python)


def same_beside_bytes(one: Any, other: Any) -> bool:
    """Compare two entries in all but their content."""
    return bool(replace(one, size=0, sha256="") == replace(other, size=0, sha256=""))


def test_both_roads_lead_to_the_same_settings(built: Built, engine: docker.DockerClient) -> None:
    assert settings(engine, built.classic) == settings(engine, built.buildx)
    labels = [dict(engine.images.get(ref).labels) for ref in (built.classic, built.buildx)]
    assert labels[0].pop("envkit.image") != labels[1].pop("envkit.image")  # that of the plan, which names the index
    assert labels[0] == labels[1]


@pytest.mark.proves("the login for a private index reaches the build as a secret, and stays nowhere", "real")
def test_the_login_for_a_private_index_stays_nowhere(built: Built, engine: docker.DockerClient, user: User) -> None:
    assert {"pip", "uv"} <= {program for program, _ in built.index.served}
    assert "/simple/tensorflow-cpu/" in {path for _, path in built.index.served}
    assert built.index.shown == []
    assert PASSWORD not in built.ran.out + built.ran.err
    made = engine.images.get(built.buildx)
    kept = json.dumps([made.attrs, made.history()])
    assert (PASSWORD in kept, "/root/.netrc" in kept) == (False, True)
    assert not holding(engine, built.buildx, PASSWORD.encode())
    state = user.run(["grep", "-r", "-F", "-l", PASSWORD, user.home / ".local/state"])
    assert (state.out, state.code) == ("", 1)


def test_a_changed_login_builds_nothing(
    built: Built, project: Path, login: Path, plugin: Path, run_envkit: Envkit, index: PrivateIndex
) -> None:
    login.write_text(f"machine {index.host} login ada password changed\n")
    ran = run_envkit(["build", "--format", "json"], cwd=project, env={"DOCKER_CONFIG": str(plugin), **index.env})
    assert ran.code == 0, str(ran)
    assert json.loads(ran.out)["result"]["changed"] == []


@pytest.mark.parametrize("builder", ["buildx", "classic"])
@pytest.mark.usefixtures("image")
def test_an_index_that_asks_for_a_login_is_told_with_the_hint(
    builder: str, project: Path, plugin: Path, run_envkit: Envkit, index: PrivateIndex
) -> None:
    config(project, index=index.url, builder=builder)
    env = {"DOCKER_CONFIG": str(plugin), **index.env}
    ran = run_envkit(["build", "--yes"], cwd=project, env=env, timeout_s=FIRST_UP_S)
    told(ran, 3, "the package index requires a login", "step", "build.netrc")


def test_a_login_is_refused_where_it_could_not_be_kept_out_of_the_image(
    project: Path, plugin: Path, login: Path, run_envkit: Envkit, index: PrivateIndex
) -> None:
    env = {"DOCKER_CONFIG": str(plugin)}
    config(project, index=index.url, netrc=str(login), builder="classic")
    ran = run_envkit(["build", "--yes"], cwd=project, env=env)
    told_of_config(ran, "envkit.yaml:2 build.builder: the classic builder would store")
    config(project, index="http://nowhere.invalid/simple", netrc=str(login))
    told(run_envkit(["build", "--yes"], cwd=project, env=env), 2, f"{login} holds no password for nowhere.invalid")
