"""What the rest of envkit counts on from the engine, asked of a real one through envkit's own doors."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import names
from envkit.engines import connect, containers, execs, images, look
from envkit.engines.failure import PortTaken, SubnetTaken
from envkit.errors import BuildFailed, EngineError, StartFailed
from envkit.model.artifact import Artifact
from envkit.model.entrance import Network, Port
from envkit.model.found import Found, FoundBind
from envkit.model.run import Limits, Mount
from tests.contract.conftest import DOCKERFILE, LABELS, USER, launch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envkit.engines.connect import Engine
    from envkit.model.report import Progress
    from envkit.model.run import RunPlan


def said(engine: Engine, run: RunPlan, script: str, text: str = "") -> tuple[int, list[str]]:
    """Run a shell script inside; return its exit code and the lines it printed."""
    lines: list[str] = []
    return execs.script(engine, run.name, ["/bin/sh", "-c", script], text, lines.append, limit_s=60), lines


# Looking.


def test_what_is_not_there_is_told_as_not_there(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    name = plan().name
    assert look.container(engine, name) is None
    assert look.image(engine, f"{name}:missing") is None
    found = look.surroundings(engine, name, (f"{name}-home",))
    assert replace(found, subnets=()) == Found()


def test_what_was_made_is_found_again(engine: Engine, standing: RunPlan, image: str) -> None:
    found = look.surroundings(engine, standing.name, (f"{standing.name}-home",))
    assert found.container is not None
    assert found.network is not None
    assert (found.container.status, found.container.networks) == ("running", (standing.name,))
    assert (found.network.subnet, found.helper) == (standing.network.subnet, None)
    assert set(found.volumes) == {f"{standing.name}-home"}
    for labels in (found.container.labels, found.network.labels, found.volumes[f"{standing.name}-home"].labels):
        assert labels.items() >= LABELS.items()
    known = look.image(engine, image)
    assert known is not None
    assert known.id == found.container.image_id


def test_other_subnets_are_told_and_ones_own_is_not(engine: Engine, standing: RunPlan) -> None:
    assert standing.network.subnet not in look.surroundings(engine, standing.name, ()).subnets
    assert standing.network.subnet in look.surroundings(engine, "another", ()).subnets


def test_what_other_environments_show_of_the_host_is_told_and_ones_own_is_not(
    engine: Engine, image: str, plan: Callable[..., RunPlan]
) -> None:
    run = plan(mounts=(Mount("bind", "/srv", "/data", read_only=True),))
    containers.create_network(engine, run, LABELS)
    containers.create(engine, run, image, names.labels(4242, run.name, "/project"))
    shown = FoundBind(run.name, "/srv", read_only=True)
    assert shown in look.binds(engine, 4242, "/another")
    assert shown not in look.binds(engine, 4242, "/project")


# Making and removing.


def test_a_container_that_stopped_is_told_with_its_exit_code(engine: Engine, running: RunPlan) -> None:
    engine.api.kill(running.name)
    engine.api.wait(running.name, timeout=30)
    found = look.container(engine, running.name)
    assert found is not None
    assert (found.status, found.exit_code) == ("exited", 137)


def test_a_paused_container_goes_on(engine: Engine, running: RunPlan) -> None:
    engine.api.pause(running.name)
    containers.unpause(engine, running.name)
    found = look.container(engine, running.name)
    assert found is not None
    assert found.status == "running"


def test_what_is_gone_already_can_be_removed_again(engine: Engine, running: RunPlan) -> None:
    for _ in range(2):
        containers.remove(engine, running.name, grace_s=0)
        containers.remove_network(engine, running.name)
        containers.remove_volume(engine, f"{running.name}-home")
    assert replace(look.surroundings(engine, running.name, ()), subnets=()) == Found()


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
    engine: Engine, running: RunPlan, image: str,
) -> None:
    helper = f"{running.name}-helper"
    engine.api.create_container(image, name=helper, labels=LABELS)
    found = look.surroundings(engine, running.name, ())
    assert (look.container(engine, helper) is None, found.helper) == (False, None)
    containers.prepare_volumes(engine, {f"{running.name}-home": ()}, USER, image, helper, LABELS)
    assert look.container(engine, helper) is None


# Refusals of the engine's, and what they become.


@pytest.mark.parametrize("by", ["a program", "a container"])
def test_a_port_that_is_taken_is_told_as_that_and_the_container_is_gone(
    engine: Engine, standing: RunPlan, plan: Callable[..., RunPlan], image: str, by: str,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1] if by == "a program" else standing.ports[0].host
        second = plan(ports=(Port(port, 8888),))
        with pytest.raises(PortTaken):
            launch(engine, second, image)
    assert look.container(engine, second.name) is None


def test_a_name_that_is_taken_is_told_and_nothing_is_removed(engine: Engine, standing: RunPlan, image: str) -> None:
    with pytest.raises(StartFailed, match="already in use"):
        containers.create(engine, standing, image, LABELS)
    found = look.container(engine, standing.name)
    assert found is not None
    assert found.status == "running"


def test_a_subnet_that_is_taken_is_told_as_that(
    engine: Engine, standing: RunPlan, plan: Callable[..., RunPlan],
) -> None:
    other = plan()
    with pytest.raises(SubnetTaken) as caught:
        containers.create_network(engine, replace(other, network=Network(other.name, standing.network.subnet)), LABELS)
    assert "network.pool" in caught.value.mend


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limits": Limits(4096, 128, 16, 64)}, "CPUs"),
        ({"limits": Limits(1, 1, 16, 64)}, "memory"),
        ({"security_opt": ("no-such-option",)}, "no-such-option"),
    ],
    ids=["more processors than there are", "less memory than a container needs", "an unknown protection"],
)
def test_a_setting_the_engine_refuses_is_told_and_nothing_stays(
    engine: Engine, plan: Callable[..., RunPlan], image: str, changes: dict[str, Any], why: str,
) -> None:
    run = plan(**changes)
    with pytest.raises(StartFailed, match=why):
        launch(engine, run, image)
    assert look.container(engine, run.name) is None


def test_an_image_that_is_not_there_is_told(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(StartFailed, match="No such image"):
        containers.create(engine, plan(), "envkit-contract:missing", LABELS)


# Programs inside.


@pytest.mark.parametrize("code", [0, 3, 255])
def test_a_scripts_exit_code_is_kept(engine: Engine, standing: RunPlan, code: int) -> None:
    assert said(engine, standing, f"exit {code}") == (code, [])


def test_a_script_reads_300_kb_and_its_end(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "wc -c", "x" * 300_000) == (0, ["300000"])


def test_lines_come_whole_and_without_what_goes_to_stderr(engine: Engine, standing: RunPlan) -> None:
    text = "".join(f"{number} {'ü' * 50}\n" for number in range(5000))
    assert said(engine, standing, "cat; echo not this >&2", text) == (0, text.splitlines())


def test_a_script_in_a_container_that_is_gone_is_an_engines_error(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(EngineError, match="No such container"):
        said(engine, plan(), "true")


def test_a_program_that_is_not_there_ends_as_in_a_shell(engine: Engine, standing: RunPlan) -> None:
    assert execs.script(engine, standing.name, ["/bin/missing"], "", lambda _: None, limit_s=60) in {126, 127}


@pytest.mark.parametrize("script", ["exec sleep 987", "trap '' TERM; exec sleep 987"], ids=["ends", "will not end"])
def test_a_script_that_never_ends_is_ended(
    engine: Engine, standing: RunPlan, script: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(execs, "GRACE_S", 1)
    with pytest.raises(execs.RanOver, match="longer than 1 s"):
        execs.script(engine, standing.name, ["/bin/sh", "-c", script], "", lambda _: None, limit_s=1)
    assert "sleep 987" not in str(engine.api.top(standing.name))


def test_nobody_waits_for_what_a_script_left_running_with_its_output(
    engine: Engine, running: RunPlan, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(execs, "GRACE_S", 1)
    lines: list[str] = []
    # Out of the script's process group, it keeps the output open.
    script = f"{execs.TIMEOUT} 60 sleep 60 & echo said; wait"
    with pytest.raises(execs.RanOver):
        execs.script(engine, running.name, ["/bin/sh", "-c", script], "", lines.append, limit_s=1)
    assert lines == ["said"]


def test_programs_run_as_the_plans_user(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "id -u; id -g") == (0, ["4242", "4343"])


# Logs.


def test_a_log_that_is_followed_ends_with_its_container(engine: Engine, running: RunPlan) -> None:
    seen = b""
    for chunk in containers.logs(engine, running.name, follow=True):
        seen += chunk
        if seen.count(b"\n") == 3:
            engine.api.kill(running.name)
    whole = b"".join(containers.logs(engine, running.name))
    assert sorted(seen.splitlines()) == sorted(whole.splitlines()) == [b"one", b"three", b"two"]
    assert len(b"".join(containers.logs(engine, running.name, lines=2)).splitlines()) == 2


def test_the_log_of_a_container_that_is_gone_is_an_engines_error(engine: Engine, plan: Callable[..., RunPlan]) -> None:
    with pytest.raises(EngineError, match="No such container"):
        list(containers.logs(engine, plan().name))


# Images.


def test_modes_reach_the_image(engine: Engine, standing: RunPlan) -> None:
    assert said(engine, standing, "stat -c '%u %a' /run-it") == (0, ["0 755"])


def test_a_build_tells_its_steps_and_an_equal_one_makes_the_same_image(engine: Engine, tiny: str, image: str) -> None:
    news: list[Progress] = []
    again = f"{tiny}-again"
    known = look.image(engine, image)
    entry = Artifact("run", "#!/bin/sh\necho one\necho two\necho three >&2\nexec sleep 600\n", 0o755)
    try:
        context = (entry, Artifact("Dockerfile", DOCKERFILE.format(base=tiny)))
        images.build(engine, context, again, LABELS, {}, news.append)
        found = look.image(engine, again)
    finally:
        images.remove(engine, again)
    assert known is not None
    assert found is not None
    assert found.id == known.id
    assert [one.step for one in news if one.step] == [(n, 4) for n in (1, 2, 3, 4)]


def test_a_build_that_fails_shows_what_was_printed_and_leaves_no_image(engine: Engine, tiny: str) -> None:
    broken = Artifact("Dockerfile", f'FROM {tiny}\nRUN ["/bin/sh", "-c", "echo the reason why; exit 3"]\n')
    with pytest.raises(BuildFailed, match="the reason why"):
        images.build(engine, (broken,), f"{tiny}-broken", LABELS, {}, lambda _: None)
    assert look.image(engine, f"{tiny}-broken") is None


def test_an_image_in_use_is_not_removed(engine: Engine, standing: RunPlan, image: str) -> None:
    assert not images.remove(engine, image)
    assert images.remove(engine, "envkit-contract:missing")


# The Docker client's own config file, which is none of envkit's.


@pytest.fixture(params=["config", "list"])
def beside_a_config(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Yield the engine, reached by a caller whose Docker config names proxies, headers and a credential store."""
    proxies = {"httpProxy": "http://ada:hunter2@proxy:3128", "noProxy": "hunter2.example.com"}
    config = {"proxies": {"default": proxies}, "credsStore": "gone", "HttpHeaders": {"X": "y\n"}, "detachKeys": "?"}
    (tmp_path / "config.json").write_text(json.dumps(config if request.param == "config" else [config]))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    made = connect.connect(engine.endpoint)
    yield made
    made.api.close()


def test_the_proxies_of_a_docker_config_reach_no_container(
    beside_a_config: Engine, image: str, plan: Callable[..., RunPlan],
) -> None:
    run = plan()
    launch(beside_a_config, run, image)
    assert "hunter2" not in json.dumps(beside_a_config.api.inspect_container(run.name))


def test_neither_proxies_nor_credentials_of_a_docker_config_reach_a_build(beside_a_config: Engine, tiny: str) -> None:
    ref, script = f"{tiny}-deaf", "[ -z $http_proxy$HTTP_PROXY$no_proxy$NO_PROXY ]"
    context = (Artifact("Dockerfile", f'FROM {tiny}\nRUN ["/bin/sh", "-c", "{script}"]\n'),)
    try:
        images.build(beside_a_config, context, ref, LABELS, {}, lambda _: None)
    finally:
        images.remove(beside_a_config, ref)


def _with(engine: Engine, volume: str) -> Any:
    return engine.api.create_host_config(binds=[f"{volume}:/v"], network_mode="none")


def _owners(archive: bytes) -> dict[str, int]:
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        return {entry.name.rstrip("/"): entry.uid for entry in packed}
