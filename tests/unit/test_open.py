"""`open` sends the token to its own container only, never to another process at its port."""

from __future__ import annotations

import json
import os
from itertools import product
from typing import TYPE_CHECKING

import pytest

from envkit import naming
from envkit.backends.docker import fast_inspect
from envkit.cli import main
from envkit.commands import open as open_command
from envkit.commands.open import OpenResult
from envkit.environment import project
from envkit.environment.project import Environment
from envkit.errors import Unhealthy
from envkit.model.engine_state import ContainerInfo
from envkit.model.report import Report
from envkit.model.state import State
from envkit.net import http
from envkit.observe import readiness
from envkit.state import StateDir
from tests.support.fake_backend import FakeBackend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envkit.observe.jupyter_client import JupyterClient

PORT = 8901


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Return an environment that has a token; every command finds it."""
    state_dir = StateDir(tmp_path)
    state_dir.mount.mkdir()
    (state_dir.mount / "token").write_text("t" * 43)
    result = Environment(
        "vision", str(tmp_path), 1000, state_dir, State("vision", str(tmp_path), port=PORT), "unix:///x"
    )
    monkeypatch.setattr(project, "find_environment", lambda *_: result)
    return result


def run(*arguments: str) -> object:
    """Run envkit; return its exit code."""
    with pytest.raises(SystemExit) as exit_:
        main.main(list(arguments))
    return exit_.value.code


@pytest.mark.usefixtures("environment")
def test_json_is_one_document_even_if_the_forward_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def open_lab(_: Environment, show_report: Callable[[Report[OpenResult]], int], _on_progress: object) -> int:
        show_report(Report("open", "vision", OpenResult("vision", "http://127.0.0.1:8901/lab", logged_in=True)))
        raise Unhealthy("the forward failed", code="container-exited")

    monkeypatch.setattr(open_command, "open_lab", open_lab)
    assert run("open", "--format", "json") == 3
    output = capsys.readouterr()
    assert json.loads(output.out)["result"]["logged_in"] is True
    assert "the forward failed" in output.err


def test_token_is_not_sent_to_a_port_of_another_process(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[int] = []

    def get_token_status(_client: JupyterClient, _token: str) -> int:
        requests.append(PORT)
        return readiness.OK

    monkeypatch.setattr(readiness, "get_token_status", get_token_status)
    for case, labels in (("another port", {naming.PORT: "8902"}), ("no labels of envkit", {})):
        container = ContainerInfo("c1", "running", labels, "i1")
        monkeypatch.setattr(fast_inspect, "running_container", lambda *_, container=container: container)
        with pytest.raises(Unhealthy) as error:
            open_command.open_lab(environment, lambda _: 0, lambda _: None)
        assert error.value.code == "jupyter-unreachable", case
        assert (requests, error.value.hint) == ([], f"envkit up --project {environment.project}"), case


def test_all_commands_report_a_stopped_environment_alike(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Environment, "connect", lambda _: FakeBackend())
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: None)
    for arguments, code in (
        (["open"], 3),
        (["logs"], 3),
        (["probe"], 3),
        (["exec", "true"], 125),
        (["ssh", "true"], 125),
    ):
        assert run(*arguments) == code, arguments
        assert capsys.readouterr().err.splitlines() == [
            "envkit: the environment vision is down",
            f"  hint: envkit up --project {environment.project}",
        ], arguments


@pytest.mark.proves("`open` reports that it waits, and exits with code 1 if the browser does not log in", "real")
@pytest.mark.usefixtures("environment")
def test_exit_code_reports_whether_the_browser_logged_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    container = ContainerInfo("c1", "running", {naming.PORT: str(PORT)}, "i1")
    monkeypatch.setattr(fast_inspect, "running_container", lambda *_: container)
    monkeypatch.setattr(fast_inspect, "owns_port", lambda _endpoint, _name, port: port == PORT)
    monkeypatch.setattr(readiness, "get_token_status", lambda *_: readiness.OK)
    monkeypatch.setattr(open_command, "_start_browser", lambda _: True)
    monkeypatch.setattr(open_command, "_last_activity", lambda *_: "")
    for logged_in, code in ((True, 0), (False, 1)):
        monkeypatch.setattr(open_command, "_wait_for_login", lambda *_, logged_in=logged_in, **__: logged_in)
        assert run("open") == code
        output = capsys.readouterr()
        assert "waiting for the browser to log in, at most 60 s" in output.err
        assert ("the browser did not log in" in output.out) != logged_in


def wait_for_login(
    activities: list[str], initial: str, is_page_read: Callable[[float], bool] = lambda _: False
) -> tuple[bool, float]:
    """Wait with one activity a second; return whether there was a login, and the seconds waited."""
    elapsed = 0.0

    def sleep(_: float) -> None:
        nonlocal elapsed
        elapsed += 1

    logged_in = open_command._wait_for_login(
        lambda: activities[min(int(elapsed), len(activities) - 1)],
        initial,
        60,
        is_page_read=lambda: is_page_read(elapsed),
        clock=lambda: elapsed,
        sleep=sleep,
    )
    return logged_in, elapsed


def test_token_page_stays_until_the_login() -> None:
    for activities, initial, logged_in, seconds in [
        (["1", "2"], "1", True, open_command.PAGE_LOAD_S),  # immediate activity may come from a busy kernel
        (["1"] * 30 + ["2"], "1", True, 30),
        (["1"], "1", False, 60),
        (["", "1"], "1", False, 60),  # a missing answer is no login
        (["1", "1", "2"], "", True, open_command.PAGE_LOAD_S),
        (["1", "1", "1"], "", False, 60),
    ]:
        assert wait_for_login(activities, initial) == (logged_in, seconds), (activities, initial)


def test_token_page_is_removed_once_read_and_used() -> None:
    assert wait_for_login(["2"], "1", is_page_read=lambda elapsed: elapsed >= 3) == (True, 3)


def test_token_page_is_private_and_readable_for_snaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder, has_snaps in product((".local/state/envkit/local/vision", "state"), (False, True)):
        case = (folder, has_snaps)
        monkeypatch.setattr(open_command, "SNAP_BIN", tmp_path if has_snaps else tmp_path / "missing")
        state_dir = StateDir(tmp_path / folder)
        state_dir.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        environment = Environment("vision", "/p", os.getuid(), state_dir, State("vision", "/p"), "unix:///x")
        with open_command._temporary_page(environment, "token") as page:
            assert page.stat().st_mode & 0o777 == 0o600, case
            assert page.parent.stat().st_mode & 0o777 == 0o700, case
            if has_snaps:
                assert not page.relative_to(tmp_path).parts[0].startswith("."), case
            else:
                assert page.parent == state_dir.folder, case
            assert page.read_text() == "token", case
        assert not page.exists(), case
        assert not list(tmp_path.glob("envkit-open-*")), case


def test_deeply_nested_answer_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "get", lambda *_, **__: http.Response(200, {}, b"[" * 100_000))
    assert open_command._last_activity(8888, "secret", lambda: True) == ""


def test_token_is_not_sent_to_a_stopped_container(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[object] = []
    monkeypatch.setattr(http, "get", lambda *arguments, **_: requests.append(arguments))
    assert open_command._last_activity(8888, "secret", lambda: False) == ""
    assert requests == []
