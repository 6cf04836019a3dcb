"""Any image as a base: it is looked into first, and works or is refused with the reason before anything is built."""

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

from envkit import naming
from tests.functional import foreign
from tests.functional.conftest import FIRST_UP_S
from tests.functional.inside import Inside
from tests.functional.jupyter import jupyter_of
from tests.functional.messages import told
from tests.functional.test_trust import address_of_host
from tests.functional.traces import forgotten, title
from tests.functional.workspaces import Workspaces, label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker.models.containers import Container

    from tests.functional.account import User
    from tests.functional.foreign import Image, Registry
    from tests.functional.workspaces import Envkit

HANDS = foreign.shell("sh", "sed", "tail", "tr")
TINY = "envkit-test-tiny:Case"
OTHERS = "envkit-test-others:1"
ALPINE = {"etc/os-release": 'PRETTY_NAME="Alpine Linux v3.20"\n', "lib/ld-musl-x86_64.so.1": "", "bin/apk": "#!"}
FEDORA = {"etc/os-release": "PRETTY_NAME='Fedora Linux 40'\n", "bin/dnf": "#!"}
HOSTILE = {"etc/os-release": 'PRETTY_NAME="\x1b[2J$(id)`id`"\nVERSION_CODENAME=../../etc\n', "bin/apt-get": "#!"}
# Stands for the image's Python, and says what it could do.
NOSY = """#!/bin/sh
while read -r key value rest; do
    case $key in Uid:) user=$value ;; CapEff:) caps=$value ;; esac
done < /proc/self/status
while read -r name rest; do case $name in *:*) nets="${nets-}${name%%:*}" ;; esac; done < /proc/net/dev
if (: > /written) 2> /dev/null; then written=written; else written=sealed; fi
echo "title=user $user caps $caps $written $nets"
"""
# What such images come with: a user and a program of their own, mirrors that are gone, no Python, odd modes.
DOCKERFILE = f"""
FROM {foreign.ROOT}
RUN useradd --uid 4321 --create-home dev && echo theirs > /home/dev/theirs && touch /opt/open && chmod 0666 /opt/open
RUN rm -f /etc/apt/sources.list.d/* && echo 'deb http://mirror.invalid/debian bullseye main' > /etc/apt/sources.list
RUN cp /bin/true /usr/local/bin/gains && chmod 4755 /usr/local/bin/gains
ENV PATH=/nowhere:/bin:/usr/bin LD_LIBRARY_PATH=/opt/lib NVIDIA_VISIBLE_DEVICES=all
USER dev
ENTRYPOINT ["/bin/false"]
CMD ["never"]
"""


@pytest.fixture
def tiny(engine: docker.DockerClient) -> Iterator[None]:
    """Take the tiny image away again."""
    yield
    engine.images.remove(TINY, force=True)


@pytest.mark.proves("an image no workspace can be built on is refused with the reason before anything is built", "real")
@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(foreign.image({"hello": "world"}), "it has no shell", id="no shell"),
        pytest.param(foreign.image({**HANDS, **ALPINE}), "Alpine Linux v3.20", id="musl"),
        pytest.param(foreign.image({**foreign.shell(), **FEDORA}), "which installs with dnf", id="dnf"),
        pytest.param(
            foreign.image({**foreign.shell(), **HOSTILE}), "an unnamed system, which envkit", id="hostile"
        ),
        pytest.param(foreign.image({}, machine="arm64"), "built for linux/arm64", id="architecture"),
        pytest.param(foreign.image({}, OnBuild=["COPY . /app"]), "ONBUILD", id="triggers"),
    ],
)
def test_an_unsuitable_image_is_refused_before_anything_is_built(
    image: Image,
    reason: str,
    workspace: Workspaces,
    run_envkit: Envkit,
    user: User,
    engine: docker.DockerClient,
) -> None:
    foreign.load(engine, TINY, image)
    project = workspace(f"base: {TINY}\n")
    up = run_envkit(["up", "--yes", "--project", project])
    told(up, 2, f"no workspace can be built on {TINY}", reason)
    assert "step" not in up.err
    assert engine.containers.list(all=True, filters={"name": naming.inspector(title(user, project))}) == []
    assert forgotten(user, project)


def test_the_look_into_an_image_has_no_network_no_rights_and_nothing_to_write_to(
    workspace: Workspaces,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> None:
    foreign.load(engine, TINY, foreign.image({**HANDS, "bin/python3": NOSY}))
    try:
        up = run_envkit(["up", "--yes", "--project", workspace(f"base: {TINY}\n")])
    finally:
        engine.images.remove(TINY, force=True)
    told(up, 2, "it is user 0 caps 0000000000000000 sealed lo, which has no package manager")


@pytest.fixture(scope="module")
def over_others(
    user: User, projects: Path, run_envkit: Envkit, engine: docker.DockerClient, place: Path
) -> Iterator[tuple[Path, Container]]:
    """Yield a running workspace over an image that somebody else made."""
    foreign.debian(engine, place)
    foreign.build(engine, OTHERS, {"Dockerfile": DOCKERFILE})
    workspaces = Workspaces(user, projects, run_envkit, engine)
    project = workspaces(f"gpu: off\nbase: {OTHERS}\n", name="others")
    try:
        up = run_envkit(["up", "--yes", "--project", project], timeout_s=FIRST_UP_S)
        assert up.code == 0, str(up)
        assert "nbconvert" in up.out
        (container,) = engine.containers.list(filters=label(str(project)))
        yield project, container
    finally:
        workspaces.close()


@pytest.mark.proves("any image of Debian or Ubuntu can be the base, without Python and with another user", "real")
def test_a_workspace_comes_up_over_an_image_of_somebody_else(over_others: tuple[Path, Container]) -> None:
    inside = Inside(over_others[1])
    computed = inside.sh("python -c 'import tensorflow as t; print(t.__version__, int(t.reduce_sum(t.ones((2, 3)))))'")
    assert computed.out.split()[-2:] == ["2.9.0", "6"]
    assert inside("/bin/sh", "-c", "ls -A /home/dev; cat /opt/open").out.count("theirs") == 0
    assert inside.sh("find / -xdev -perm /6000 -type f").out == ""
    assert inside.sh("find / -xdev -perm -0002 -type f").out == ""


def test_a_base_that_cannot_be_brought_anew_stays_as_it_is(
    over_others: tuple[Path, Container], run_envkit: Envkit
) -> None:
    told(run_envkit(["build", "--pull", "--project", over_others[0]]), 3, f"the base image {OTHERS} cannot be pulled")
    told(run_envkit(["up", "--pull", "--dry-run", "--project", over_others[0]]), 2, "leave out --dry-run or --pull")
    again = run_envkit(["up", "--project", over_others[0]])
    assert (again.code, "nothing changed" in again.out) == (0, True), str(again)


def test_a_server_too_old_for_its_fixed_versions_converts_no_notebooks(
    over_others: tuple[Path, Container], run_envkit: Envkit, user: User
) -> None:
    project, container = over_others
    page = project / "page.ipynb"
    page.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    user.own(page, 0o644)
    jupyter = jupyter_of(project, container, run_envkit)
    found = {"/api/contents/page.ipynb": 200, "/nbconvert/html/page.ipynb": 404, "/api/nbconvert": 404}
    assert {path: jupyter.ask("GET", path, jupyter.authorized).status for path in found} == found


def test_an_up_over_an_image_that_changed_nothing_does_nothing(
    over_others: tuple[Path, Container], run_envkit: Envkit
) -> None:
    again = run_envkit(["up", "--format", "json", "--project", over_others[0]])
    assert json.loads(again.out)["result"]["changed"] == []


@pytest.mark.proves("an image that somebody else made asks first, before it is brought", "real")
def test_an_image_of_somebody_else_asks_first(
    offers: Registry, workspace: Workspaces, run_envkit: Envkit, user: User
) -> None:
    project = workspace(f"base: {offers.address}/team/tiny:1\n")
    refused = run_envkit(["up", "--project", project])
    told(refused, 2, f"the workspace is built on the image {offers.address}/team/tiny:1", "--yes")
    assert offers.logins == []
    assert forgotten(user, project)


@pytest.fixture
def offers() -> Iterator[Registry]:
    with foreign.registry() as offered:
        offered.images["team/tiny:1"] = foreign.image({"hello": "from a registry"})
        yield offered


def test_an_image_that_is_not_here_is_pulled_with_the_credentials_of_its_registry_alone(
    offers: Registry,
    workspace: Workspaces,
    run_envkit: Envkit,
    user: User,
    engine: docker.DockerClient,
) -> None:
    ref = f"{offers.address}/team/tiny:1"
    login = base64.b64encode(b"ada:of this registry").decode()
    others = base64.b64encode(b"ada:of another").decode()
    docker_folder = user.folder(user.home / ".docker")
    config = docker_folder / "config.json"
    config.write_text(json.dumps({"auths": {offers.address: {"auth": login}, "another.invalid": {"auth": others}}}))
    user.own(config, 0o600)
    offers.login = login
    try:
        up = run_envkit(["up", "--yes", "--verbose", "--project", workspace(f"base: {ref}\n")])
        told(up, 2, f"no workspace can be built on {ref}", "no shell")
        assert f"pulled {ref}" in up.err
        assert {one for one in offers.logins if one} == {f"Basic {login}"}
    finally:
        config.unlink()
        docker_folder.rmdir()
        engine.images.remove(ref)


@pytest.mark.parametrize(
    ("ref", "says", "hint"),
    [
        ("team/tiny:2", "the registry has no image with that name and tag", "correct base:"),
        ("team/tiny:secret", "the registry denies access", "docker login"),
        ("team/tiny:broken", "the pull was interrupted", "repeat the command"),
    ],
)
def test_an_image_that_cannot_be_pulled_is_told_in_one_message(
    ref: str,
    says: str,
    hint: str,
    offers: Registry,
    workspace: Workspaces,
    run_envkit: Envkit,
    user: User,
    engine: docker.DockerClient,
) -> None:
    offers.login = "nobody" if ref.endswith("secret") else ""
    offers.broken = ref.endswith("broken")
    offers.images["team/tiny:broken"] = foreign.image({"hello": "cut"})
    project = workspace(f"base: {offers.address}/{ref}\n")
    told(run_envkit(["up", "--yes", "--project", project]), 3, f"{offers.address}/{ref} cannot be pulled", says, hint)
    assert forgotten(user, project)
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(f"{offers.address}/{ref}")


def test_an_unreachable_registry_is_told_with_the_hint(workspace: Workspaces, run_envkit: Envkit, user: User) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        ref = f"127.0.0.1:{taken.getsockname()[1]}/team/image:1"
        project = workspace(f"base: {ref}\n")
        told(run_envkit(["up", "--yes", "--project", project]), 3, ref, "cannot be reached", "base: debian")
    assert forgotten(user, project)


def test_without_an_up_an_image_that_is_not_here_is_asked_for(workspace: Workspaces, run_envkit: Envkit) -> None:
    project = workspace("base: registry.invalid/team/image:1\n")
    told(run_envkit(["up", "--dry-run", "--project", project]), 3, "is not on the engine", "docker pull")


class Empty(http.server.BaseHTTPRequestHandler):
    """A mirror that has nothing, and writes down what it was asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_newer_python_is_asked_of_the_mirror_that_was_named(
    workspace: Workspaces, run_envkit: Envkit, engine: docker.DockerClient, place: Path
) -> None:
    foreign.debian(engine, place)
    foreign.build(engine, OTHERS, {"Dockerfile": DOCKERFILE})
    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://{address_of_host(engine)}:{server.server_port}/pythons"
        project = workspace(f"base: {OTHERS}\ngpu: off\nbuild: {{python_mirror: '{mirror}', proxy: off}}\n")
        build = run_envkit(["build", "--yes", "--project", project], timeout_s=FIRST_UP_S)
        server.shutdown()
    told(build, 3, f"cannot download Python 3.12 from {mirror}", "check build.python_mirror")
    wanted = re.compile(r"/pythons/[0-9]+/cpython-3\.12\.[^/]*x86_64[^/]*\.tar\.[a-z]+")
    assert [one for one in Empty.asked if wanted.fullmatch(one)]
