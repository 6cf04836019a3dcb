"""buildx and the engine's classic builder build the same image; buildx also accepts a login for the index."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.functional.conftest import FIRST_UP_S
from tests.functional.test_trust import host_address
from tests.support.error_assertions import assert_config_problems, assert_error
from tests.support.image_trees import bytecode_digests, differing_paths, image_contains, settings, trees
from tests.support.private_index import private_index
from tests.support.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.support.account import CommandResult, User
    from tests.support.image_trees import Tree
    from tests.support.private_index import PrivateIndex
    from tests.support.workspaces import Envkit

pytestmark = pytest.mark.whole_image

PASSWORD = "hunter2-Zq7-of-ada"
OTHER_LOGIN = "machine packages.example.com login ada password another-one"
# Paths that must differ between the two builds, and why.
EXPECTED_DIFFERENCES = {
    "etc/pip.conf": "contains the index",
    "etc/uv/uv.toml": "contains the index",
    "var/cache/ldconfig/aux-cache": "contains inodes and times of libraries",
}
STALE = "possibly a stale image with other package versions; docker rmi it and rebuild: "


@dataclass(frozen=True, slots=True)
class Images:
    """An image by each builder: the classic one from the default index, buildx from a private one with a login.

    Attributes:
        classic: Reference of the first.
        buildx: Reference of the second.
        result: Result of the second build.
        index: Index of the second build.
    """

    classic: str
    buildx: str
    result: CommandResult
    index: PrivateIndex


@pytest.fixture(scope="module")
def docker_config(run_folder: Path) -> Path:
    """Return a configuration folder of Docker's client that contains buildx."""
    source = ROOT / ".cache/tools/docker/cli-plugins/docker-buildx"
    if not source.exists():
        pytest.fail("buildx is missing: scripts/setup/tools.sh installs it", pytrace=False)
    folder = run_folder / "docker"
    (folder / "cli-plugins").mkdir(parents=True)
    shutil.copy(source, folder / "cli-plugins/docker-buildx")
    (folder / "cli-plugins/docker-buildx").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def index(engine: docker.DockerClient, user: User, run_envkit: Envkit) -> Iterator[PrivateIndex]:
    python = run_envkit.program.with_name("python")
    with private_index(host_address(engine), PASSWORD, user, python) as server:
        yield server


@pytest.fixture(scope="module")
def project(user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient) -> Iterator[Path]:
    workspaces = Workspaces(user, projects, run_envkit, engine)
    yield workspaces("gpu: off\n", name="private")
    workspaces.close()


@pytest.fixture(scope="module")
def login(user: User, index: PrivateIndex) -> Path:
    path = user.home / "index-login"
    path.write_text(f"{OTHER_LOGIN}\nmachine {index.host}\n  login ada\n  password {PASSWORD}\n")
    return user.own(path, 0o600)


@pytest.fixture(scope="module")
def images(
    index: PrivateIndex,
    project: Path,
    login: Path,
    docker_config: Path,
    run_envkit: Envkit,
    engine: docker.DockerClient,
    classic_image: str,
) -> Iterator[Images]:
    """Build the second image with the default builder; afterwards, remove it and its cache."""
    old_ids = build_cache_ids(engine)
    write_config(project, index=index.url, netrc=str(login))
    args = ["build", "--yes", "--verbose", "--format", "json"]
    env = {"DOCKER_CONFIG": str(docker_config), **index.env}
    result = run_envkit(args, cwd=project, env=env, timeout_s=FIRST_UP_S)
    assert result.code == 0, str(result)
    ref = json.loads(result.out)["result"]["image"]
    yield Images(classic_image, ref, result, index)
    engine.images.remove(ref)
    prune_build_cache(engine, build_cache_ids(engine) - old_ids)


@pytest.fixture(scope="module")
def classic_image(image: str, engine: docker.DockerClient) -> str:
    """Return the image of the default plan; check that the classic builder built it."""
    comments = {layer["Comment"] for layer in engine.images.get(image).history()}
    assert not any(comment.startswith("buildkit") for comment in comments), "docker rmi it, and uninstall buildx"
    return image


@pytest.fixture(scope="module")
def image_trees(images: Images, engine: docker.DockerClient) -> tuple[Tree, Tree]:
    """Return the file trees of both images."""
    classic_tree, buildx_tree = trees(engine, images.classic, images.buildx)
    return classic_tree, buildx_tree


def build_cache_ids(engine: docker.DockerClient) -> set[str]:
    """Return the IDs of the records in BuildKit's cache."""
    return {record["ID"] for record in engine.api.df().get("BuildCache") or ()}


def prune_build_cache(engine: docker.DockerClient, records: set[str]) -> None:
    """Remove records from BuildKit's cache."""
    if records:
        pattern: Any = {"id": f'"^({"|".join(sorted(records))})$"'}
        engine.api.prune_builds(filters=pattern, all=True)


def write_config(project: Path, **build: str) -> None:
    """Write the configuration of a project."""
    (project / "envkit.yaml").write_text(f"gpu: off\nbuild: {json.dumps(build)}\n")


@pytest.mark.proves("buildx builds the image if it is installed", "real")
def test_installed_buildx_builds_the_image(images: Images, engine: docker.DockerClient) -> None:
    assert re.search(rf"build: built {images.buildx} with buildx [0-9.]+\n", images.result.err)
    assert engine.images.get(images.buildx).history()[0]["Comment"].startswith("buildkit")


@pytest.mark.proves("buildx and the engine's own builder produce the same image, file by file", "real")
def test_both_builders_create_the_same_files(
    image_trees: tuple[Tree, Tree], images: Images, engine: docker.DockerClient
) -> None:
    classic_tree, buildx_tree = image_trees
    # The date on which an account was created; the first image may have been built on an earlier day.
    paths = differing_paths(classic_tree, buildx_tree) - {"etc/shadow"}
    compiled_paths = {path for path in paths if path.endswith(".pyc") and path in classic_tree and path in buildx_tree}
    assert paths - compiled_paths == set(EXPECTED_DIFFERENCES), STALE + str(
        sorted(paths - compiled_paths ^ set(EXPECTED_DIFFERENCES))[:20]
    )
    assert len(classic_tree) > 40_000
    assert all(is_same_except_content(classic_tree[path], buildx_tree[path]) for path in compiled_paths)
    assert bytecode_digests(engine, images.classic, compiled_paths) == bytecode_digests(
        engine, images.buildx, compiled_paths
    )


def is_same_except_content(entry: Any, other: Any) -> bool:
    """Compare two entries except for their content."""
    return bool(replace(entry, size=0, sha256="") == replace(other, size=0, sha256=""))


def test_both_builders_create_the_same_settings(images: Images, engine: docker.DockerClient) -> None:
    assert settings(engine, images.classic) == settings(engine, images.buildx)
    labels = [dict(engine.images.get(ref).labels) for ref in (images.classic, images.buildx)]
    # The digest of the plan, which contains the index.
    assert labels[0].pop("envkit.image") != labels[1].pop("envkit.image")
    # Users share an image: the first may have been built for another one.
    assert all(image_labels.pop("envkit.builder").isdecimal() for image_labels in labels)
    assert labels[0] == labels[1]


@pytest.mark.proves("the login for a private index is passed to the build as a secret, and is stored nowhere", "real")
def test_index_login_is_stored_nowhere(images: Images, engine: docker.DockerClient, user: User) -> None:
    assert {"pip", "uv"} <= {program for program, _ in images.index.served}
    assert "/simple/tensorflow-cpu/" in {path for _, path in images.index.served}
    assert images.index.shown == []
    assert PASSWORD not in images.result.out + images.result.err
    image = engine.images.get(images.buildx)
    metadata = json.dumps([image.attrs, image.history()])
    assert (PASSWORD in metadata, "/root/.netrc" in metadata) == (False, True)
    assert not image_contains(engine, images.buildx, PASSWORD.encode())
    search = user.run(["grep", "-r", "-F", "-l", PASSWORD, user.home / ".local/state"])
    assert (search.out, search.code) == ("", 1)


def test_changed_login_rebuilds_nothing(
    images: Images, project: Path, login: Path, docker_config: Path, run_envkit: Envkit, index: PrivateIndex
) -> None:
    login.write_text(f"machine {index.host} login ada password changed\n")
    result = run_envkit(
        ["build", "--format", "json"], cwd=project, env={"DOCKER_CONFIG": str(docker_config), **index.env}
    )
    assert result.code == 0, str(result)
    assert json.loads(result.out)["result"]["changed"] == []


@pytest.mark.parametrize("builder", ["buildx", "classic"])
@pytest.mark.usefixtures("image")
def test_missing_index_login_has_a_hint(
    builder: str, project: Path, docker_config: Path, run_envkit: Envkit, index: PrivateIndex
) -> None:
    write_config(project, index=index.url, builder=builder)
    env = {"DOCKER_CONFIG": str(docker_config), **index.env}
    result = run_envkit(["build", "--yes"], cwd=project, env=env, timeout_s=FIRST_UP_S)
    assert_error(result, 3, "the package index requires a login", "step", "build.netrc")


def test_login_without_buildx_or_entry_is_refused(
    project: Path, docker_config: Path, login: Path, run_envkit: Envkit, index: PrivateIndex
) -> None:
    env = {"DOCKER_CONFIG": str(docker_config)}
    write_config(project, index=index.url, netrc=str(login), builder="classic")
    result = run_envkit(["build", "--yes"], cwd=project, env=env)
    assert_config_problems(result, "envkit.yaml:2 build.builder: the classic builder would store")
    write_config(project, index="http://nowhere.invalid/simple", netrc=str(login))
    assert_error(
        run_envkit(["build", "--yes"], cwd=project, env=env), 2, f"{login} has no password for nowhere.invalid"
    )
