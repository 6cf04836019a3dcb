"""The fake backend of the unit tests behaves like Docker's: the same cases run on both."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from envkit.backends.docker.backend import DockerBackend
from envkit.backends.docker.fast_backend import DockerFastBackend
from envkit.errors import EngineError, PortTaken, StartFailed, SubnetTaken
from envkit.model.backend import FileEntry, PortPublisher
from envkit.model.engine_state import ActualState, BindInfo, ImageInfo
from envkit.model.network import Network, Port
from envkit.model.run import Mount
from envkit.net import ports
from envkit.resolve.allocation import subnet, used_subnets
from tests.contract.conftest import LABELS, POOL
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.backends.backend import Backend, FastBackend
    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan

OWNER = 4242


@pytest.fixture(params=["docker", "fake"])
def backend(request: pytest.FixtureRequest, engine: Engine, image: str) -> Backend:
    """Return each backend with the same image."""
    if request.param == "docker":
        return DockerBackend(engine)
    return FakeBackend(images={image: ImageInfo("sha256:1", LABELS, ref=image, machine="amd64")})


def launch(backend: Backend, run: RunPlan, image: str, **labels: str) -> None:
    all_labels = {**LABELS, **labels}
    backend.create_network(run, all_labels)
    backend.create_volume(f"{run.name}-home", all_labels)
    backend.prepare_volumes({f"{run.name}-home": ()}, run.user, image, naming.helper(run.name), LABELS)
    backend.create_container(run, image, all_labels)
    backend.start_container(run.name)


def test_missing_resources_are_none_and_can_be_removed(backend: Backend, plan: Callable[..., RunPlan]) -> None:
    name = plan().name
    assert (backend.container(name), backend.image(f"{name}:missing")) == (None, None)
    assert replace(backend.actual_state(name, (f"{name}-home",)), subnets=()) == ActualState()
    backend.remove_container(name)
    backend.remove_network(name)
    backend.remove_volume(name)
    assert backend.remove_image(f"{name}:missing")
    for operation in (backend.start_container, backend.unpause_container, lambda name: [*backend.logs(name)]):
        with pytest.raises(EngineError):
            operation(name)


def test_the_steps_of_up_and_down(backend: Backend, image: str, plan: Callable[..., RunPlan]) -> None:
    run = plan()
    launch(backend, run, image)
    actual, volume = backend.actual_state(run.name, ()), f"{run.name}-home"
    assert actual.container is not None
    assert actual.network is not None
    assert (actual.container.status, actual.container.networks) == ("running", (run.name,))
    assert (actual.network.subnet, actual.helper, set(actual.volumes)) == (run.network.subnet, None, {volume})
    for resource in (actual.container, actual.network, actual.volumes[volume]):
        assert resource.labels.items() >= LABELS.items()
    assert run.network.subnet not in actual.subnets
    assert run.network.subnet in backend.actual_state("another", ()).subnets
    image_info = backend.image(image)
    assert image_info is not None
    assert (image_info.id, image_info.machine) == (actual.container.image_id, "amd64")
    assert not backend.has_gpus(run.name)
    assert not backend.remove_image(image)  # a container uses it
    backend.create_volume(volume, LABELS)  # exists
    assert backend.actual_state(run.name, ()).volumes == actual.volumes
    backend.remove_container(run.name)
    backend.remove_network(run.name)
    backend.remove_volume(volume)
    assert replace(backend.actual_state(run.name, ()), subnets=()) == ActualState()


def test_conflicts_have_their_own_errors(backend: Backend, image: str, plan: Callable[..., RunPlan]) -> None:
    run = plan()
    launch(backend, run, image)
    with pytest.raises(StartFailed, match="already in use"):
        backend.create_container(run, image, LABELS)
    other = plan()
    with pytest.raises(StartFailed, match="No such image"):
        backend.create_container(other, f"{run.name}:missing", LABELS)
    with pytest.raises(SubnetTaken) as subnet_error:
        backend.create_network(replace(other, network=Network(other.name, run.network.subnet)), LABELS)
    used = used_subnets(ports.routes(), backend.actual_state("another", ()).subnets)
    network = Network(other.name, subnet([POOL], "", used))
    second = replace(other, ports=(Port(run.ports[0].host, 8888),), network=network)
    with pytest.raises(PortTaken) as port_error:
        launch(backend, second, image)
    assert (subnet_error.value.code, port_error.value.code) == ("subnet-taken", "port-taken")
    assert port_error.value.port == run.ports[0].host
    container = backend.container(run.name)
    assert container is not None
    assert (container.status, backend.container(second.name)) == ("running", None)


def test_environments_are_listed_by_owner(backend: Backend, image: str, plan: Callable[..., RunPlan]) -> None:
    run = plan(mounts=(Mount("bind", "/srv", "/data", read_only=True),))
    labels = naming.labels(OWNER, run.name, "/project")
    launch(backend, run, image, **labels)
    assert [container.status for container in backend.environment_containers(OWNER)] == ["running"]
    assert backend.environment_containers(OWNER + 1) == []
    assert any(container.labels.items() >= labels.items() for container in backend.environment_containers(None))
    assert all(found.items() >= labels.items() for found in backend.resource_labels(OWNER))
    assert len(backend.resource_labels(OWNER)) == 3
    bind = BindInfo(run.name, "/srv", read_only=True)
    assert bind in backend.other_binds(OWNER, "/another", run.name)
    assert bind not in backend.other_binds(OWNER, "/project", run.name)
    publisher = backend.port_publisher(run.ports[0].host)
    assert isinstance(publisher, PortPublisher)
    assert (publisher.name, publisher.labels[naming.NAME]) == (run.name, run.name)
    assert backend.remove_by_prefix(OWNER + 1, run.name) == []
    assert backend.remove_by_prefix(OWNER, run.name) == [f"container {run.name}"]
    assert (backend.container(run.name), backend.port_publisher(run.ports[0].host)) == (None, None)


def test_a_running_container_is_found_without_the_client_library(
    backend: Backend, image: str, plan: Callable[..., RunPlan]
) -> None:
    fast: FastBackend = backend if isinstance(backend, FakeBackend) else DockerFastBackend(backend.endpoint)
    run = plan()
    assert (fast.running_container(run.name), fast.owns_port(run.name, 8888)) == (None, False)
    port = run.ports[0].host
    launch(backend, run, image, **{naming.PORT: str(port)})
    container = fast.running_container(run.name)
    assert container is not None
    assert (container.status, container.networks) == ("running", (run.name,))
    assert (fast.owns_port(run.name, port), fast.owns_port(run.name, port + 1)) == (True, False)
    labels = {naming.PORT: str(port), "missing": ""}
    assert fast.is_running(run.name, labels, run.name)
    assert not fast.is_running(run.name, {naming.PORT: str(port + 1)}, run.name)
    assert not fast.is_running(run.name, labels, "another-network")
    backend.remove_container(run.name)
    assert (fast.running_container(run.name), fast.owns_port(run.name, 8888)) == (None, False)


def test_files_are_uploaded_into_a_volume(engine: Engine, image: str, plan: Callable[..., RunPlan]) -> None:
    backend, run = DockerBackend(engine), plan()
    launch(backend, run, image)
    content, owner = secrets.token_hex(8), (run.user.uid, run.user.gid)
    entries = (
        FileEntry(".", None, 0o700, *owner),
        FileEntry("secrets", b"", 0o600, *owner),
        FileEntry("secrets", None, 0o700, *owner),
        FileEntry("secrets/token", content.encode(), 0o600, *owner),
    )
    for _ in range(2):
        backend.upload(f"{run.name}-home", entries, image, naming.helper(run.name), LABELS)
    lines: list[str] = []
    script = "cat /home/dev/secrets/token; echo; stat -c '%u %a' /home/dev /home/dev/secrets/token"
    assert backend.run_script(run.name, ["/bin/sh", "-c", script], "", lines.append, limit_s=60) == 0
    assert lines == [content, f"{run.user.uid} 700", f"{run.user.uid} 600"]
