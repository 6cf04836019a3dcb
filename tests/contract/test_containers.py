"""Containers, networks and volumes are created, stopped, resumed and removed on real engines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envkit.backends.docker import containers, inspect, tar
from envkit.model.backend import FileEntry
from envkit.model.engine_state import ActualState
from tests.contract.conftest import LABELS, USER, run_script
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


def test_a_stopped_container_has_its_exit_code(engine: Engine, running: RunPlan) -> None:
    engine.api.kill(running.name)
    engine.api.wait(running.name, timeout=30)
    container = inspect.container(engine, running.name)
    assert container is not None
    assert (container.status, container.exit_code) == ("exited", 137)


def test_a_paused_container_is_resumed(engine: Engine, running: RunPlan) -> None:
    engine.api.pause(running.name)
    containers.unpause(engine, running.name)

    def is_running() -> bool:
        container = inspect.container(engine, running.name)
        return container is not None and container.status == "running"

    # Docker 26 may process the pause event after the end of the pause, and reports "paused" until the next event.
    wait_until(is_running, "the container runs")


def test_removing_missing_resources_does_nothing(engine: Engine, running: RunPlan) -> None:
    for _ in range(2):
        containers.remove(engine, running.name, grace_s=0)
        containers.remove_network(engine, running.name)
        containers.remove_volume(engine, f"{running.name}-home")
    assert replace(inspect.actual_state(engine, running.name, ()), subnets=()) == ActualState()


def test_a_prepared_volume_is_private_to_its_user(engine: Engine, shared: RunPlan) -> None:
    assert run_script(engine, shared, "stat -c '%u %g %a' /home/dev; touch /home/dev/x") == (0, ["4242 4343 700"])


def test_preparing_a_volume_again_keeps_its_contents(engine: Engine, running: RunPlan, image: str) -> None:
    assert run_script(engine, running, "umask 022; echo kept > /home/dev/file")[0] == 0
    volume, other_user = f"{running.name}-home", replace(USER, uid=5252)
    containers.prepare_volumes(
        engine, {volume: ("deep", "deep/er")}, other_user, image, f"{running.name}-helper", LABELS
    )
    created = engine.api.create_container(image, user="0:0", command="x", host_config=_mount(engine, volume))
    try:
        stream, _ = engine.api.get_archive(created["Id"], "/v")
        owners = _owners(b"".join(stream))
    finally:
        engine.api.remove_container(created["Id"], force=True)
    assert owners == {"v": 5252, "v/deep": 5252, "v/deep/er": 5252, "v/file": USER.uid}


def test_a_stale_helper_container_is_removed(
    engine: Engine,
    running: RunPlan,
    image: str,
) -> None:
    helper = f"{running.name}-helper"
    engine.api.create_container(image, name=helper, labels=LABELS)
    actual_state = inspect.actual_state(engine, running.name, ())
    assert (inspect.container(engine, helper) is None, actual_state.helper) == (False, None)
    containers.prepare_volumes(engine, {f"{running.name}-home": ()}, USER, image, helper, LABELS)
    assert inspect.container(engine, helper) is None


def test_unpacking_replaces_files_and_folders_in_use(
    engine: Engine,
    running: RunPlan,
    image: str,
) -> None:
    volume, helper = f"{running.name}-home", f"{running.name}-helper"
    before = _archive("0/", "0/secrets/", "0/secrets/old", "0/token")
    # First a file that replaces the folder, then the folder: the engine removes nothing from an existing folder.
    after = _archive("0/", "0/secrets", "0/secrets/", "0/secrets/new", "0/token")
    for archive in (before, after):
        containers.unpack(engine, (volume,), archive, image, helper, LABELS)
    code, lines = run_script(engine, running, "cd /home/dev; stat -c '%n %u %g %a' . token secrets secrets/*")
    assert (code, lines) == (
        0,
        [
            ". 4242 4343 700",
            "token 4242 4343 600",
            "secrets 4242 4343 700",
            "secrets/new 4242 4343 600",
        ],
    )


def _archive(*paths: str) -> bytes:
    """Pack folders, whose paths end with a slash, and files; the user owns all of them."""
    return tar.pack(
        FileEntry(path.rstrip("/"), None, 0o700, USER.uid, USER.gid)
        if path.endswith("/")
        else FileEntry(path, b"", 0o600, USER.uid, USER.gid)
        for path in paths
    )


def _mount(engine: Engine, volume: str) -> Any:
    return engine.api.create_host_config(binds=[f"{volume}:/v"], network_mode="none")


def _owners(archive: bytes) -> dict[str, int]:
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(archive)) as tar_file:
        return {entry.name.rstrip("/"): entry.uid for entry in tar_file}
