"""The token is sent to our own container, and to nobody who listens at its port while that does not run."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from envkit import naming
from envkit.backends.docker import container_exec, fast_inspect
from envkit.backends.docker.client import Engine
from envkit.checks.crash import find_crash
from envkit.concurrency import gather, start_check
from envkit.errors import Unhealthy
from envkit.observe import probe, readiness
from envkit.observe.jupyter_client import port_client
from tests.process.pretended import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "t" * 43


@dataclass
class Server:
    """A server at the port, and what it was asked: path and login."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def tokens(self) -> list[str]:
        return [login for _, login in self.asked if login]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PAUSE_S", 0.005)


@pytest.fixture
def server() -> Iterator[Server]:
    seen = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.asked.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen.port = made.server_address[1]
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield seen
    made.shutdown()
    thread.join()
    made.server_close()


def at_times(seen: list[bool]) -> Callable[[], bool]:
    """Say one after the other whether our container runs; the last one goes on."""
    said = list(seen)
    return lambda: said.pop(0) if len(said) > 1 else said[0]


@pytest.mark.parametrize("seen", [[False], [True, False]], ids=["never ours", "it fails between two looks"])
def test_a_server_that_is_not_ours_gets_no_token(server: Server, seen: list[bool]) -> None:
    with pytest.raises(Unhealthy, match="does not answer"):
        readiness.wait_for_jupyter(port_client(server.port), TOKEN, at_times(seen), timeout_s=0.05)
    assert server.tokens == []


def test_a_tensorboard_that_is_not_ours_gets_no_token(server: Server) -> None:
    assert "answers nothing" in readiness.wait_for_tensorboard(
        port_client(server.port), TOKEN, at_times([False]), timeout_s=0.05
    )
    assert server.asked == []


def test_ours_gets_it_once_it_runs_and_once_only(server: Server) -> None:
    readiness.wait_for_jupyter(port_client(server.port), TOKEN, at_times([False, True]))
    assert server.asked == [("/api", ""), ("/api/status", f"token {TOKEN}")]
    assert readiness.wait_for_tensorboard(port_client(server.port), TOKEN, at_times([False, True])) == ""
    assert server.tokens == [f"token {TOKEN}"] * 2


def test_a_container_that_ended_is_told_at_once(server: Server) -> None:
    def ended() -> bool:
        raise Unhealthy("the workspace ended")

    with pytest.raises(Unhealthy, match="ended"):
        readiness.wait_for_jupyter(port_client(server.port), TOKEN, ended)
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "label", "holds"),
    [
        ("running", "8901", True),
        ("running", "8902", False),
        ("restarting", "8901", False),
        ("exited", "8901", False),
        ("paused", "8901", False),
    ],
)
def test_a_container_holds_its_port_only_while_it_runs(tmp_path: Path, status: str, label: str, *, holds: bool) -> None:
    data = {
        "Id": "c1",
        "Image": "i1",
        "State": {"Status": status, "Running": True},
        "Config": {"Labels": {naming.PORT: label}},
        "NetworkSettings": {"Networks": {}},
    }
    body = json.dumps(data).encode()
    door = tmp_path / "engine"
    with answering(door, b"HTTP/1.0 200 OK\r\n\r\n" + body):
        assert fast_inspect.owns_port(f"unix://{door}", "envkit-1000-vision", 8901) is holds


def test_a_probe_that_does_not_end_is_a_finding_and_keeps_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(*words: Any, limit_s: float) -> int:
        words[-1]('{"what": "begin", "data": {"look": "tensorflow.import"}}')
        raise container_exec.TimeLimitExceeded(f"longer than {limit_s} s")

    monkeypatch.setattr(container_exec, "run_script", script)
    seen = probe.probe(Engine("unix:///x", None), "envkit-1000-vision", lambda _: None)  # type: ignore[arg-type]
    told = find_crash(seen)
    assert told is not None
    assert told.detail == "importing TensorFlow took longer than 150 s and was stopped"


def test_what_a_look_aside_says_or_raises_arrives() -> None:
    def failing() -> str:
        raise TimeoutError("of its own")

    assert start_check(lambda: "wrong", 10)() == "wrong"
    with pytest.raises(TimeoutError, match="of its own"):
        start_check(failing, 10)()


def test_works_go_on_together_and_no_more_of_them_than_was_said() -> None:
    both, running, most, lock = threading.Barrier(2), set[int](), list[int](), threading.Lock()

    def work(number: int) -> int:
        with lock:
            running.add(number)
            most.append(len(running))
        both.wait(30)  # nobody comes through alone
        with lock:
            running.remove(number)
        return number

    assert gather([partial(work, number) for number in range(6)], 2) == (0, 1, 2, 3, 4, 5)
    assert max(most) == 2


def test_of_works_that_fail_the_first_in_their_order_is_raised() -> None:
    failed = threading.Event()

    def first() -> None:
        failed.wait(30)
        raise ValueError("first")

    def second() -> None:
        failed.set()
        raise KeyError("second")

    with pytest.raises(ValueError, match="first"):
        gather([first, second], 2)


def test_a_look_aside_that_does_not_end_is_told() -> None:
    never = threading.Event()
    assert start_check(lambda: str(never.wait()), 0.05)() == "no result within 0 s"
    never.set()
