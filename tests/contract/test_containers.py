"""Containers, networks and volumes are made, stop, go on and go, on real engines and through envkit's own doors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envkit.backends.docker import containers, inspect, tar
from envkit.model.engine_state import ActualState
from tests.contract.conftest import LABELS, USER, said
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan


def test_a_container_that_stopped_is_told_with_its_exit_code(engine: Engine, running: RunPlan) -> None:
    engine.api.kill(running.name)
    engine.api.wait(running.name, timeout=30)
    found = inspect.container(engine, running.name)
    assert found is not None
    assert (found.status, found.exit_code) == ("exited", 137)


def test_a_paused_container_goes_on(engine: Engine, running: RunPlan) -> None:
    engine.api.pause(running.name)
    containers.unpause(engine, running.name)

    def goes_on() -> bool:
        found = inspect.container(engine, running.name)
        return found is not None and found.status == "running"

    # Docker 26 may hear of the pause only after its end, and says "paused" until it hears of that too.
    wait_until(goes_on, "it runs")


def test_what_is_gone_already_can_be_removed_again(engine: Engine, running: RunPlan) -> None:
    for _ in range(2):
        containers.remove(engine, running.name, grace_s=0)
        containers.remove_network(engine, running.name)
        containers.remove_volume(engine, f"{running.name}-home")
    assert replace(inspect.actual_state(engine, running.name, ()), subnets=()) == ActualState()


def test_a_prepared_volume_belongs_to_its_user_alone(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "stat -c '%u %g %a' /home/dev; touch /home/dev/x") == (0, ["4242 4343 700"])


def test_preparing_a_volume_again_touches_nothing_in_it(engine: Engine, running: RunPlan, image: str) -> None:
    assert said(engine, running, "umask 022; echo kept > /home/dev/file")[0] == 0
    volume, other = f"{running.name}-home", replace(USER, uid=5252)
    containers.prepare_volumes(engine, {volume: ("deep", "deep/er")}, other, image, f"{running.name}-helper", LABELS)
    made = engine.api.create_container(image, user="0:0", command="x", host_config=_with(engine, volume))
    try:
        stream, _ = engine.api.get_archive(made["Id"], "/v")
        owners = _owners(b"".join(stream))
    finally:
        engine.api.remove_container(made["Id"], force=True)
    assert owners == {"v": 5252, "v/deep": 5252, "v/deep/er": 5252, "v/file": USER.uid}


def test_what_a_cut_off_preparation_left_is_taken_away_by_the_next(
    engine: Engine,
    running: RunPlan,
    image: str,
) -> None:
    helper = f"{running.name}-helper"
    engine.api.create_container(image, name=helper, labels=LABELS)
    found = inspect.actual_state(engine, running.name, ())
    assert (inspect.container(engine, helper) is None, found.helper) == (False, None)
    containers.prepare_volumes(engine, {f"{running.name}-home": ()}, USER, image, helper, LABELS)
    assert inspect.container(engine, helper) is None


def test_unpacking_into_a_volume_in_use_replaces_files_and_takes_a_folder_away(
    engine: Engine,
    running: RunPlan,
    image: str,
) -> None:
    volume, helper = f"{running.name}-home", f"{running.name}-helper"
    before = _archive("0/", "0/secrets/", "0/secrets/old", "0/token")
    # A file in the place of the folder, and the folder again: the engine takes nothing out of a folder itself.
    after = _archive("0/", "0/secrets", "0/secrets/", "0/secrets/new", "0/token")
    for packed in (before, after):
        containers.unpack(engine, (volume,), packed, image, helper, LABELS)
    code, lines = said(engine, running, "cd /home/dev; stat -c '%n %u %g %a' . token secrets secrets/*")
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
    """Pack folders, which end with a slash, and files, all of the user's."""
    return tar.pack(
        tar.Entry(path.rstrip("/"), None, 0o700, USER.uid, USER.gid)
        if path.endswith("/")
        else tar.Entry(path, b"", 0o600, USER.uid, USER.gid)
        for path in paths
    )


def _with(engine: Engine, volume: str) -> Any:
    return engine.api.create_host_config(binds=[f"{volume}:/v"], network_mode="none")


def _owners(archive: bytes) -> dict[str, int]:
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        return {entry.name.rstrip("/"): entry.uid for entry in packed}
