"""`open` sends the token to our own container, and to nobody who took its port."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from envkit.backends.docker import fast_inspect, inspect
from envkit.cli import main
from envkit.commands import access
from envkit.commands.access import OpenResult
from envkit.environment import project
from envkit.environment.project import Environment
from envkit.errors import Unhealthy
from envkit.model.engine_state import ContainerInfo
from envkit.model.report import Report
from envkit.model.state import State
from envkit.observe import readiness
from envkit.state import StateDir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.observe.jupyter_client import JupyterClient

PORT = 8901


@pytest.fixture
def known(tmp_path: Path) -> Environment:
    place = StateDir(tmp_path)
    place.mount.mkdir()
    (place.mount / "token").write_text("t" * 43)
    return Environment("vision", str(tmp_path), 1000, place, State("vision", str(tmp_path), port=PORT), "unix:///x")


def test_programs_read_one_document_whatever_happens_after_it(
    known: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(_: Environment, shown: Callable[[Report[OpenResult]], int], _say: object) -> int:
        shown(Report("open", "vision", OpenResult("vision", "http://127.0.0.1:8901/lab", logged_in=True)))
        raise Unhealthy("the forward broke")

    monkeypatch.setattr(project, "find_environment", lambda *_: known)
    monkeypatch.setattr(access, "open_lab", opened)
    with pytest.raises(SystemExit) as ended:
        main.main(["open", "--format", "json"])
    said = capsys.readouterr()
    assert (ended.value.code, json.loads(said.out)["result"]["logged_in"]) == (3, True)
    assert "the forward broke" in said.err


@pytest.mark.parametrize(
    "found",
    [ContainerInfo("c1", "running", {naming.PORT: "8902"}, "i1"), ContainerInfo("c1", "running", {}, "i1")],
    ids=["ours has another port", "one without our labels"],
)
def test_the_token_goes_to_nobody_while_our_container_does_not_hold_the_port(
    found: ContainerInfo, known: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def answers(_door: JupyterClient, _token: str) -> int:
        asked.append(PORT)
        return readiness.OK

    monkeypatch.setattr(fast_inspect, "running_container", lambda _endpoint, _name: found)
    monkeypatch.setattr(readiness, "get_token_status", answers)
    with pytest.raises(Unhealthy, match="does not answer") as error:
        access.open_lab(known, lambda _: 0, lambda _: None)
    assert (asked, error.value.hint) == ([], f"envkit up --project {known.project}")


@pytest.mark.parametrize("verb", ["open", "logs", "probe", "exec", "ssh"])
def test_an_environment_that_is_down_is_told_in_the_same_words_by_all(
    verb: str, known: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(project, "find_environment", lambda *_: known)
    monkeypatch.setattr(Environment, "connect", lambda _: None)
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: None)
    monkeypatch.setattr(inspect, "container", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main.main([verb, *(["true"] if verb in {"exec", "ssh"} else [])])
    assert ended.value.code == (125 if verb in {"exec", "ssh"} else 3)
    assert capsys.readouterr().err.splitlines() == [
        "envkit: the environment vision is down",
        f"  hint: envkit up --project {known.project}",
    ]


@pytest.mark.proves("`open` says that it waits, and ends with 1 where the browser does not log in", "real")
@pytest.mark.parametrize(("arrived", "code"), [(True, 0), (False, 1)])
def test_a_browser_that_never_comes_is_waited_for_aloud_and_told_by_the_code(
    arrived: bool, code: int, known: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = ContainerInfo("c1", "running", {naming.PORT: str(PORT)}, "i1")
    monkeypatch.setattr(project, "find_environment", lambda *_: known)
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: running)
    monkeypatch.setattr(readiness, "get_token_status", lambda *_: readiness.OK)
    monkeypatch.setattr(access, "_start_browser", lambda _: True)
    monkeypatch.setattr(access, "_last_activity", lambda *_: "")
    monkeypatch.setattr(access, "_wait_for_login", lambda *_, **__: arrived)
    with pytest.raises(SystemExit) as ended:
        main.main(["open"])
    said = capsys.readouterr()
    assert ended.value.code == code
    assert "waiting for the browser to log in, at most 60 s" in said.err
    assert ("the browser has not logged in" in said.out) != arrived
