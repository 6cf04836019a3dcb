"""An audit as a whole: what only waits goes on beside the rest, the order of what is told stays, and no container."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from envkit import credentials
from envkit.commands import audit as command
from envkit.commands import project
from envkit.engines import leftovers, search
from envkit.engines.connect import Engine
from envkit.model.report import Observation
from envkit.observe import attacks, audit, guest, logins, neighbours, ssh_audit

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
        given[3].all.extend(waits("inside"))

    monkeypatch.setattr(search, "inspected", lambda *_: {"Id": "c1"})
    monkeypatch.setattr(attacks, "over_http", lambda *_: (told("http"),))
    monkeypatch.setattr(logins, "over_ssh", lambda *_: waits("ssh"))
    monkeypatch.setattr(ssh_audit, "asked", lambda *_: told("ssh-audit"))
    monkeypatch.setattr(neighbours, "knocks", lambda *_, **__: waits("neighbours"))
    monkeypatch.setattr(guest, "run", look_inside)
    monkeypatch.setattr(audit, "image_dates", lambda *_: told("dates"))
    monkeypatch.setattr(search, "places", lambda *_: ((), ()))


def everything(tmp_path: Path, said: list[str]) -> tuple[Observation, ...]:
    seen, inspected = audit.everything(
        ENGINE, "c", base="", way=lambda: nullcontext((1, lambda: True)), ssh_port=0, ours=lambda: True, token="t" * 43,
        ssh=tmp_path, title="t.", labels={}, say=said.append,
    )
    assert inspected == {"Id": "c1"}
    return seen


@pytest.mark.usefixtures("parts")
def test_containers_and_looks_inside_go_on_beside_the_attacks_on_servers_and_are_told_in_their_order(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    seen = everything(tmp_path, said)
    assert [one.what.removeprefix("audit.") for one in seen] == list(ORDER)
    assert said == ["knocking from other containers", "attacking from inside"]


@pytest.mark.usefixtures("parts")
def test_what_befalls_a_part_beside_the_others_befalls_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ConnectionError("the engine is gone")

    monkeypatch.setattr(audit, "image_dates", lambda *_: Observation("dates", {}))
    monkeypatch.setattr(logins, "over_ssh", lambda *_: ())
    monkeypatch.setattr(neighbours, "knocks", lambda *_, **__: ())
    monkeypatch.setattr(audit, "inside", fail)
    with pytest.raises(ConnectionError, match="the engine is gone"):
        everything(tmp_path, [])


@pytest.mark.parametrize("ended", [KeyboardInterrupt, OSError])
def test_an_audit_that_is_cut_short_takes_its_containers_away(
    ended: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles, removed = list[str](), list[str]()

    def cut_short(*_: Any, title: str, **__: Any) -> Any:
        titles.append(title)
        raise ended

    known = SimpleNamespace(
        connect=lambda: ENGINE, name="n", container="c", endpoint="unix:///x", owner=1000, mend="m",
        state=SimpleNamespace(forwarded={}, base_id=""),
        place=SimpleNamespace(lock=tmp_path / "lock", folder=tmp_path, client=tmp_path, token=tmp_path / "token"),
    )
    (tmp_path / "state.json").write_text("{}")
    found = SimpleNamespace(labels={})
    monkeypatch.setattr(project, "running", lambda *_: found)
    monkeypatch.setattr(leftovers, "sweep", lambda *_: [])
    monkeypatch.setattr(leftovers, "remove_named", lambda _engine, _owner, beginning: removed.append(beginning))
    monkeypatch.setattr(credentials, "token", lambda _: "t")
    monkeypatch.setattr(audit, "everything", cut_short)
    with pytest.raises(ended):
        command.audit(cast("project.Known", known), say=lambda _: None)
    assert removed == titles != []
