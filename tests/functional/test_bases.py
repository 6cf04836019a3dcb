"""Foreign base images: envkit inspects them first, and uses them or refuses them with the reason before the build."""

from __future__ import annotations

import base64
import http.server
import json
import re
import socket
import threading
from typing import TYPE_CHECKING, ClassVar

import docker
import docker.errors
import pytest

from envkit import host, naming
from tests.functional.conftest import FIRST_UP_S
from tests.functional.test_trust import host_address
from tests.support import foreign_images
from tests.support.container_commands import Inside
from tests.support.environment_traces import container_name, has_no_state
from tests.support.error_assertions import assert_error
from tests.support.jupyter_client import jupyter_of
from tests.support.workspaces import Workspaces, project_filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker.models.containers import Container

    from tests.support.account import User
    from tests.support.foreign_images import Image, Registry
    from tests.support.workspaces import Envkit

BASIC_PROGRAMS = foreign_images.shell("sh", "sed", "tail", "tr")
TINY = "envkit-test-tiny:Case"
FOREIGN = "envkit-test-foreign:1"
ALPINE = {"etc/os-release": 'PRETTY_NAME="Alpine Linux v3.20"\n', "lib/ld-musl-x86_64.so.1": "", "bin/apk": "#!"}
FEDORA = {"etc/os-release": "PRETTY_NAME='Fedora Linux 40'\n", "bin/dnf": "#!"}
HOSTILE = {"etc/os-release": 'PRETTY_NAME="\x1b[2J$(id)`id`"\nVERSION_CODENAME=../../etc\n', "bin/apt-get": "#!"}
# Replaces the image's Python, and reports its permissions as the name of the system.
PROBING_PYTHON = """#!/bin/sh
while read -r key value rest; do
    case $key in Uid:) user=$value ;; CapEff:) caps=$value ;; esac
done < /proc/self/status
while read -r name rest; do case $name in *:*) nets="${nets-}${name%%:*}" ;; esac; done < /proc/net/dev
if (: > /written) 2> /dev/null; then written=written; else written=sealed; fi
echo "title=user $user caps $caps $written $nets"
"""
# Typical traits of foreign images: a user, a SUID program, dead mirrors, no Python, unusual modes.
DOCKERFILE = f"""
FROM {foreign_images.ROOT}
RUN useradd --uid 4321 --create-home dev && echo foreign > /home/dev/foreign && touch /opt/open && chmod 0666 /opt/open
RUN rm -f /etc/apt/sources.list.d/* && echo 'deb http://mirror.invalid/debian bullseye main' > /etc/apt/sources.list
RUN cp /bin/true /usr/local/bin/gains && chmod 4755 /usr/local/bin/gains
ENV PATH=/nowhere:/bin:/usr/bin LD_LIBRARY_PATH=/opt/lib NVIDIA_VISIBLE_DEVICES=all
USER dev
ENTRYPOINT ["/bin/false"]
CMD ["never"]
"""


@pytest.fixture
def tiny_image(engine: docker.DockerClient) -> Iterator[None]:
    """Remove the tiny image after the test."""
    yield
    engine.images.remove(TINY, force=True)


@pytest.mark.proves("an unsuitable base image is refused with the reason before anything is built", "real")
@pytest.mark.usefixtures("tiny_image")
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(foreign_images.image({"hello": "world"}), "it has no shell", id="no shell"),
        pytest.param(foreign_images.image({**BASIC_PROGRAMS, **ALPINE}), "Alpine Linux v3.20", id="musl"),
        pytest.param(foreign_images.image({**foreign_images.shell(), **FEDORA}), "which installs with dnf", id="dnf"),
        pytest.param(
            foreign_images.image({**foreign_images.shell(), **HOSTILE}), "an unnamed system, which envkit", id="hostile"
        ),
        pytest.param(foreign_images.image({}, machine="arm64"), "built for linux/arm64", id="architecture"),
        pytest.param(foreign_images.image({}, OnBuild=["COPY . /app"]), "ONBUILD", id="triggers"),
    ],
)
def test_unsuitable_image_is_refused_before_the_build(
    image: Image,
    reason: str,
    workspace: Workspaces,
    run_envkit: Envkit,
    user: User,
    engine: docker.DockerClient,
) -> None:
    foreign_images.load(engine, TINY, image)
    project = workspace(f"base: {TINY}\n")
    up = run_envkit(["up", "--yes", "--project", project])
    assert_error(up, 2, f"no workspace can be built on {TINY}", reason)
    assert "step" not in up.err
    assert engine.containers.list(all=True, filters={"name": naming.inspector(container_name(user, project))}) == []
    assert has_no_state(user, project)


def test_image_inspection_has_no_network_rights_or_writes(
    workspace: Workspaces,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> None:
    foreign_images.load(engine, TINY, foreign_images.image({**BASIC_PROGRAMS, "bin/python3": PROBING_PYTHON}))
    try:
        up = run_envkit(["up", "--yes", "--project", workspace(f"base: {TINY}\n")])
    finally:
        engine.images.remove(TINY, force=True)
    assert_error(up, 2, "it is user 0 caps 0000000000000000 sealed lo, which has no package manager")


@pytest.fixture(scope="module")
def foreign_env(
    user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient, run_folder: Path
) -> Iterator[tuple[Path, Container]]:
    """Yield a running workspace on a foreign image."""
    foreign_images.debian(engine, run_folder)
    foreign_images.build(engine, FOREIGN, {"Dockerfile": DOCKERFILE})
    workspaces = Workspaces(user, projects, run_envkit, engine)
    # The mirrors of this image are dead, so the configuration names another one.
    project = workspaces(f"gpu: off\nbase: {FOREIGN}\nbuild: {{mirror: '{host.debian_mirror()}'}}\n", name="foreign")
    try:
        up = run_envkit(["up", "--yes", "--project", project], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        assert "nbconvert" in up.out
        (container,) = engine.containers.list(filters=project_filter(str(project)))
        yield project, container
    finally:
        workspaces.close()


@pytest.mark.proves("any Debian or Ubuntu image can be the base, even without Python or with another user", "real")
def test_workspace_runs_on_a_foreign_image(foreign_env: tuple[Path, Container]) -> None:
    inside = Inside(foreign_env[1])
    process = inside.sh("python -c 'import tensorflow as t; print(t.__version__, int(t.reduce_sum(t.ones((2, 3)))))'")
    assert process.out.split()[-2:] == ["2.9.0", "6"]
    assert inside("/bin/sh", "-c", "ls -A /home/dev; cat /opt/open").out.count("foreign") == 0
    assert inside.sh("find / -xdev -perm /6000 -type f").out == ""
    assert inside.sh("find / -xdev -perm -0002 -type f").out == ""


def test_base_that_cannot_be_pulled_is_kept(foreign_env: tuple[Path, Container], run_envkit: Envkit) -> None:
    assert_error(
        run_envkit(["build", "--pull", "--project", foreign_env[0]]), 3, f"the base image {FOREIGN} cannot be pulled"
    )
    assert_error(run_envkit(["up", "--pull", "--dry-run", "--project", foreign_env[0]]), 2, "omit --dry-run or --pull")
    up = run_envkit(["up", "--project", foreign_env[0]])
    assert (up.code, "nothing changed" in up.out) == (0, True), str(up)


def test_old_server_has_nbconvert_disabled(foreign_env: tuple[Path, Container], run_envkit: Envkit, user: User) -> None:
    project, container = foreign_env
    notebook = project / "page.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    user.own(notebook, 0o644)
    jupyter = jupyter_of(project, container, run_envkit)
    statuses = {"/api/contents/page.ipynb": 200, "/nbconvert/html/page.ipynb": 404, "/api/nbconvert": 404}
    assert {path: jupyter.request("GET", path, jupyter.authorized).status for path in statuses} == statuses


def test_unchanged_foreign_workspace_does_nothing(foreign_env: tuple[Path, Container], run_envkit: Envkit) -> None:
    up = run_envkit(["up", "--format", "json", "--project", foreign_env[0]])
    assert json.loads(up.out)["result"]["changed"] == []


@pytest.mark.proves("an image of another author needs approval before it is pulled", "real")
def test_foreign_image_needs_approval(
    registry: Registry, workspace: Workspaces, run_envkit: Envkit, user: User
) -> None:
    project = workspace(f"base: {registry.address}/team/tiny:1\n")
    up = run_envkit(["up", "--project", project])
    assert_error(up, 2, f"the workspace is built on the image {registry.address}/team/tiny:1", "--yes")
    assert registry.logins == []
    assert has_no_state(user, project)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with foreign_images.registry() as server:
        server.images["team/tiny:1"] = foreign_images.image({"hello": "from a registry"})
        yield server


def test_pull_sends_only_the_credentials_of_its_registry(
    registry: Registry,
    workspace: Workspaces,
    run_envkit: Envkit,
    user: User,
    engine: docker.DockerClient,
) -> None:
    ref = f"{registry.address}/team/tiny:1"
    login = base64.b64encode(b"ada:of this registry").decode()
    other_login = base64.b64encode(b"ada:of another").decode()
    docker_folder = user.folder(user.home / ".docker")
    config = docker_folder / "config.json"
    config.write_text(
        json.dumps({"auths": {registry.address: {"auth": login}, "another.invalid": {"auth": other_login}}})
    )
    user.own(config, 0o600)
    registry.login = login
    try:
        up = run_envkit(["up", "--yes", "--verbose", "--project", workspace(f"base: {ref}\n")])
        assert_error(up, 2, f"no workspace can be built on {ref}", "no shell")
        assert f"pulled {ref}" in up.err
        assert {header for header in registry.logins if header} == {f"Basic {login}"}
    finally:
        config.unlink()
        docker_folder.rmdir()
        engine.images.remove(ref)


@pytest.mark.parametrize(
    ("ref", "reason", "hint"),
    [
        ("team/tiny:2", "the registry has no image with that name and tag", "correct base:"),
        ("team/tiny:secret", "the registry denies access", "docker login"),
        ("team/tiny:broken", "the pull was interrupted", "repeat the command"),
    ],
)
def test_failed_pull_is_one_message(
    ref: str,
    reason: str,
    hint: str,
    registry: Registry,
    workspace: Workspaces,
    run_envkit: Envkit,
    user: User,
    engine: docker.DockerClient,
) -> None:
    registry.login = "unknown" if ref.endswith("secret") else ""
    registry.broken = ref.endswith("broken")
    registry.images["team/tiny:broken"] = foreign_images.image({"hello": "cut"})
    project = workspace(f"base: {registry.address}/{ref}\n")
    assert_error(
        run_envkit(["up", "--yes", "--project", project]), 3, f"{registry.address}/{ref} cannot be pulled", reason, hint
    )
    assert has_no_state(user, project)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(f"{registry.address}/{ref}")


def test_unreachable_registry_has_a_hint(workspace: Workspaces, run_envkit: Envkit, user: User) -> None:
    with socket.socket() as unused_socket:
        unused_socket.bind(("127.0.0.1", 0))  # bound and not listening
        ref = f"127.0.0.1:{unused_socket.getsockname()[1]}/team/image:1"
        project = workspace(f"base: {ref}\n")
        assert_error(run_envkit(["up", "--yes", "--project", project]), 3, ref, "cannot be reached", "base: debian")
    assert has_no_state(user, project)


def test_dry_run_does_not_pull(workspace: Workspaces, run_envkit: Envkit) -> None:
    project = workspace("base: registry.invalid/team/image:1\n")
    assert_error(run_envkit(["up", "--dry-run", "--project", project]), 3, "is not on the engine", "docker pull")


class EmptyMirror(http.server.BaseHTTPRequestHandler):
    """A mirror without files that records the requested paths."""

    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def test_newer_python_comes_from_the_configured_mirror(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, run_folder: Path
) -> None:
    foreign_images.debian(engine, run_folder)
    foreign_images.build(engine, FOREIGN, {"Dockerfile": DOCKERFILE})
    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), EmptyMirror) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://{host_address(engine)}:{server.server_port}/pythons"
        settings = f"{{python_mirror: '{mirror}', mirror: '{host.debian_mirror()}', proxy: off}}"
        project = workspace(f"base: {FOREIGN}\ngpu: off\nbuild: {settings}\n")
        build = run_envkit(["build", "--yes", "--project", project], timeout_s=FIRST_UP_S)
        server.shutdown()
    assert_error(build, 3, f"cannot download Python 3.12 from {mirror}", "check build.python_mirror")
    pattern = re.compile(r"/pythons/[0-9]+/cpython-3\.12\.[^/]*x86_64[^/]*\.tar\.[a-z]+")
    assert [path for path in EmptyMirror.paths if pattern.fullmatch(path)]
