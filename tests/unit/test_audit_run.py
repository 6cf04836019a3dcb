"""An audit as a whole: what only waits goes on beside the rest, the order of what is told stays, and no container."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from envkit import credentials
from envkit.backends.docker import leak_scan, run_once, temporary
from envkit.backends.docker.client import Engine
from envkit.commands import audit as command
from envkit.environment import project
from envkit.errors import StartFailed
from envkit.model.report import Observation
from envkit.observe import attack_suite, guest_runner, http_attacks, network_attacks, ssh_attacks, ssh_audit

if TYPE_CHECKING:
    from pathlib import Path

ENGINE = Engine("unix:///x", None)  # type: ignore[arg-type]
ORDER = ("http", "ssh", "ssh-audit", "neighbours", "inside", "dates", "traces")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of all attacks: the last from outside waits until those beside it have begun."""
    beside = threading.Barrier(3)

    def told(what: str) -> Observation:
        return Observation(what, {})

    def waits(what: str) -> tuple[Observation, ...]:
        beside.wait(30)
        return (told(what),)

    def look_inside(*given: Any, **_: float) -> None:
        given[3].observations.extend(waits("inside"))

    monkeypatch.setattr(leak_scan, "inspect_container", lambda *_: {"Id": "c1"})
    monkeypatch.setattr(http_attacks, "run_attacks", lambda *_: (told("http"),))
    monkeypatch.setattr(ssh_attacks, "run_attacks", lambda *_: waits("ssh"))
    monkeypatch.setattr(ssh_audit, "audit_port", lambda *_: told("ssh-audit"))
    monkeypatch.setattr(network_attacks, "probe_networks", lambda *_, **__: waits("neighbours"))
    monkeypatch.setattr(guest_runner, "run", look_inside)
    monkeypatch.setattr(attack_suite, "image_dates", lambda *_: told("dates"))
    monkeypatch.setattr(leak_scan, "find_leaks", lambda *_: ((), ()))


def everything(tmp_path: Path, said: list[str]) -> tuple[Observation, ...]:
    seen, inspected = attack_suite.run_attacks(
        ENGINE,
        "c",
        base="",
        open_port=lambda: nullcontext((1, lambda: True)),
        ssh_port=0,
        is_ours=lambda: True,
        token="t" * 43,
        ssh_config=tmp_path,
        owner=1000,
        name_prefix="t.",
        labels={},
        on_progress=said.append,
    )
    assert inspected == {"Id": "c1"}
    return seen


@pytest.mark.usefixtures("parts")
def test_containers_and_looks_inside_go_on_beside_the_attacks_on_servers_and_are_told_in_their_order(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    seen = everything(tmp_path, said)
    assert [one.name.removeprefix("audit.") for one in seen] == list(ORDER)
    assert said == ["knocking from other containers", "attacking from inside"]


@pytest.mark.usefixtures("parts")
def test_what_befalls_a_part_beside_the_others_befalls_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ConnectionError("the engine is gone")

    monkeypatch.setattr(attack_suite, "image_dates", lambda *_: Observation("dates", {}))
    monkeypatch.setattr(ssh_attacks, "run_attacks", lambda *_: ())
    monkeypatch.setattr(network_attacks, "probe_networks", lambda *_, **__: ())
    monkeypatch.setattr(attack_suite, "attack_inside", fail)
    monkeypatch.setattr(temporary, "remove_by_prefix", lambda *_: [])
    with pytest.raises(ConnectionError, match="the engine is gone"):
        everything(tmp_path, [])


class Containers:
    """Stands in for an engine's containers: one is there from its making until it is removed, and knocks so long.

    Args:
        at_first: How many are made without a wait; the others only after containers were removed once.
    """

    def __init__(self, at_first: int) -> None:
        self.at_first, self.changed = at_first, threading.Condition()
        self.asked_for, self.there, self.removals = list[str](), set[str](), 0

    def run(self, *_: Any, name: str, **__: Any) -> None:
        with self.changed:
            self.asked_for.append(name)
            self.changed.notify_all()
            waits = len(self.asked_for) > self.at_first
            assert self.changed.wait_for(lambda: self.removals > 0 or not waits, 30)
            self.there.add(name)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: name not in self.there, 30)
        raise StartFailed("it is gone")

    def remove(self, _engine: Engine, _owner: int, beginning: str) -> None:
        with self.changed:
            self.there = {one for one in self.there if not one.startswith(beginning)}
            self.removals += 1
            self.changed.notify_all()

    def until_two_were_asked_for(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked_for) == 2, 30)


THREE = {name: {"IPAddress": "192.0.2.2"} for name in ("bridge", "own", "other")}
KNOCKABLE = {"Image": "i", "HostConfig": {"NetworkMode": "own"}, "NetworkSettings": {"Networks": THREE}}


@pytest.mark.parametrize("ended", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("at_first", [2, 0], ids=["running", "being made"])
def test_an_audit_that_is_cut_short_takes_its_containers_away_and_begins_no_more(
    ended: type[BaseException], at_first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers = Containers(at_first)

    def cut_short(*_: Any) -> Any:
        containers.until_two_were_asked_for()
        raise ended

    known = SimpleNamespace(
        connect=lambda: ENGINE,
        name="n",
        container_name="c",
        endpoint="unix:///x",
        owner=1000,
        hint="m",
        state=SimpleNamespace(forwarded={}, base_id=""),
        state_dir=SimpleNamespace(lock=tmp_path / "lock", folder=tmp_path, client=tmp_path, token=tmp_path / "token"),
    )
    (tmp_path / "state.json").write_text("{}")
    monkeypatch.setattr(project, "require_running", lambda *_: SimpleNamespace(labels={}))
    monkeypatch.setattr(temporary, "remove_abandoned", lambda *_: [])
    monkeypatch.setattr(temporary, "remove_by_prefix", containers.remove)
    monkeypatch.setattr(run_once, "run", containers.run)
    monkeypatch.setattr(credentials, "token", lambda _: "t")
    monkeypatch.setattr(leak_scan, "inspect_container", lambda *_: KNOCKABLE)
    monkeypatch.setattr(attack_suite, "attack_inside", lambda *_: [])
    monkeypatch.setattr(attack_suite, "attack_jupyter", cut_short)
    monkeypatch.setattr(network_attacks, "PAUSE_S", 0.01)
    with pytest.raises(ended):
        command.audit(cast("project.Environment", known), on_progress=lambda _: None)
    assert (len(containers.asked_for), containers.there) == (2, set())
