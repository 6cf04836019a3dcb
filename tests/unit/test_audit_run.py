"""An audit runs its parts in parallel, reports them in a fixed order, and removes its containers."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from envkit import credentials
from envkit.commands import audit as command
from envkit.environment import project
from envkit.errors import StartFailed
from envkit.model.report import Observation
from envkit.observe import attack_suite, evidence, guest_runner, http_attacks, network_attacks, ssh_attacks, ssh_audit
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.backend import RunResult

ORDER = ("http", "ssh", "ssh-audit", "neighbours", "inside", "inventory", "dates", "traces")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace all attacks; three of them wait until all three have started."""
    barrier = threading.Barrier(3)

    def observation_of(name: str) -> Observation:
        return Observation(name, {})

    def observe_together(name: str) -> tuple[Observation, ...]:
        barrier.wait(30)
        return (observation_of(name),)

    def run_inside(*arguments: Any, **_: float) -> None:
        arguments[3].observations.extend(observe_together("inside"))

    monkeypatch.setattr(http_attacks, "run_attacks", lambda *_: (observation_of("http"),))
    monkeypatch.setattr(ssh_attacks, "run_attacks", lambda *_: observe_together("ssh"))
    monkeypatch.setattr(ssh_audit, "audit_port", lambda *_: observation_of("ssh-audit"))
    monkeypatch.setattr(network_attacks, "probe_networks", lambda *_, **__: observe_together("neighbours"))
    monkeypatch.setattr(guest_runner, "run", run_inside)
    monkeypatch.setattr(evidence, "find_relays", lambda *_: ("10.0.0.1:9",))
    monkeypatch.setattr(evidence, "take_inventory", lambda *_: [observation_of("inventory")])
    monkeypatch.setattr(attack_suite, "image_dates", lambda *_: observation_of("dates"))


def run_attacks(tmp_path: Path, progress: list[str]) -> tuple[Observation, ...]:
    backend = FakeBackend()
    backend.inspection = {"Id": "c1"}
    observations, inspected, collected = attack_suite.run_attacks(
        backend,
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
        record=None,
        on_progress=progress.append,
    )
    assert inspected == {"Id": "c1"}
    assert (collected.relays, collected.problem) == (("10.0.0.1:9",), evidence.NO_RECORD)
    return observations


@pytest.mark.usefixtures("parts")
def test_parts_run_in_parallel_and_report_in_order(tmp_path: Path) -> None:
    progress: list[str] = []
    observations = run_attacks(tmp_path, progress)
    assert [observation.name.removeprefix("audit.") for observation in observations] == list(ORDER)
    assert progress == [
        "comparing with what envkit made",
        "connecting from other containers",
        "attacking from inside",
    ]


@pytest.mark.usefixtures("parts")
def test_a_failed_parallel_part_fails_the_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise ConnectionError("the engine is gone")

    monkeypatch.setattr(attack_suite, "image_dates", lambda *_: Observation("dates", {}))
    monkeypatch.setattr(ssh_attacks, "run_attacks", lambda *_: ())
    monkeypatch.setattr(network_attacks, "probe_networks", lambda *_, **__: ())
    monkeypatch.setattr(attack_suite, "attack_inside", fail)
    with pytest.raises(ConnectionError, match="the engine is gone"):
        run_attacks(tmp_path, [])


class BlockingBackend(FakeBackend):
    """Backend whose temporary containers run from their creation until they are removed.

    Args:
        immediate: Number of containers created without a wait; others wait until containers were removed once.
    """

    def __init__(self, immediate: int) -> None:
        super().__init__()
        self.inspection = INSPECTION
        self.immediate, self.changed = immediate, threading.Condition()
        self.requested, self.running, self.removals = list[str](), set[str](), 0

    def run_once(self, *_: Any, name: str, **__: Any) -> RunResult:
        with self.changed:
            self.requested.append(name)
            self.changed.notify_all()
            must_wait = len(self.requested) > self.immediate
            assert self.changed.wait_for(lambda: self.removals > 0 or not must_wait, 30)
            self.running.add(name)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: name not in self.running, 30)
        raise StartFailed("it is gone", code="container-start-failed")

    def remove_by_prefix(self, _owner: int, prefix: str) -> list[str]:
        with self.changed:
            self.running = {name for name in self.running if not name.startswith(prefix)}
            self.removals += 1
            self.changed.notify_all()
        return []

    def wait_for_two_requests(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requested) == 2, 30)


NETWORKS = {name: {"IPAddress": "192.0.2.2"} for name in ("bridge", "own", "other")}
INSPECTION = {"Image": "i", "HostConfig": {"NetworkMode": "own"}, "NetworkSettings": {"Networks": NETWORKS}}


@pytest.mark.parametrize("exception", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("immediate", [2, 0], ids=["running", "being created"])
def test_an_interrupted_audit_removes_its_containers(
    exception: type[BaseException], immediate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = BlockingBackend(immediate)

    def interrupt(*_: Any) -> Any:
        backend.wait_for_two_requests()
        raise exception

    environment = SimpleNamespace(
        connect=lambda: backend,
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
    monkeypatch.setattr(credentials, "token", lambda _: "t")
    monkeypatch.setattr(attack_suite, "attack_inside", lambda *_: [])
    monkeypatch.setattr(attack_suite, "attack_jupyter", interrupt)
    monkeypatch.setattr(network_attacks, "PAUSE_S", 0.01)
    with pytest.raises(exception):
        command.audit(cast("project.Environment", environment), on_progress=lambda _: None)
    assert (len(backend.requested), backend.running) == (2, set())
