"""Waits last while a container makes progress, and the token is sent only to envkit's own container."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from envkit import checks, naming
from envkit.backends.docker import activity, fast_inspect
from envkit.checks.crash import find_crash
from envkit.commands import probe as probe_command
from envkit.concurrency import gather, start_check
from envkit.environment.project import Environment
from envkit.errors import ExitCode, TimeLimitExceeded, Unhealthy
from envkit.model.activity import Activity
from envkit.model.report import Verdict
from envkit.model.state import State
from envkit.net import unix_http
from envkit.net.http import Response
from envkit.observe import probe, readiness
from envkit.observe.jupyter_client import JupyterClient, port_client
from envkit.state import StateDir
from tests.support.fake_backend import FakeBackend
from tests.support.fake_machine import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "t" * 43
NAME = "envkit-1000-vision"


@dataclass
class FakeClock:
    """A clock that advances only when a wait sleeps or a request takes time."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def start_wait(
    measure: Callable[[], Activity | None] = lambda: None, clock: FakeClock | None = None
) -> readiness.ProgressWait:
    clock = clock or FakeClock()
    return readiness.ProgressWait(measure, clock=clock, sleep=clock.sleep)


@dataclass
class Server:
    """A server at a port, with the path and login of each request."""

    port: int = 0
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def tokens(self) -> list[str]:
        return [login for _, login in self.requests if login]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = http_server.server_address[1]
    thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    http_server.shutdown()
    thread.join()
    http_server.server_close()


def ownership(states: list[bool]) -> Callable[[], bool]:
    """Return a function that returns one state after the other, and repeats the last one."""
    remaining = list(states)
    return lambda: remaining.pop(0) if len(remaining) > 1 else remaining[0]


# Progress.


def polling_time(measure: Callable[[float], Activity | None], *, answered: bool = False) -> float:
    """Return how long a wait polls, in seconds; the activity is a function of the time."""
    clock = FakeClock()
    wait = start_wait(lambda: measure(clock.now), clock)
    while wait.pause(answered=answered):
        pass
    return clock.now


def test_a_wait_lasts_while_the_container_makes_progress() -> None:
    cases: dict[str, tuple[Callable[[float], Activity | None], float]] = {
        "nothing moves": (lambda _: Activity(5.0, "a"), readiness.STALL_S),
        "the engine does not answer": (lambda _: None, readiness.STALL_S),
        "the log grows": (lambda now: Activity(0.0, str(now)), readiness.LIMIT_S),
        "CPU time grows": (lambda now: Activity(now, ""), readiness.LIMIT_S),
        "a container with 0.05 CPUs is busy": (lambda now: Activity(now * 0.05, ""), readiness.LIMIT_S),
        "only the health check uses CPU time": (lambda now: Activity(now * 0.005, ""), readiness.STALL_S),
        "progress ends after 30 s": (lambda now: Activity(min(now, 30.0), ""), 30 + readiness.STALL_S),
        "a restart after 30 s": (lambda now: Activity(now + 100 if now < 30 else now - 30, ""), readiness.LIMIT_S),
    }
    for case, (measure, seconds) in cases.items():
        assert polling_time(measure) == pytest.approx(seconds, abs=2 * readiness.SAMPLE_S), case


def test_requests_that_are_answered_are_not_progress() -> None:
    seconds = polling_time(lambda now: Activity(now, str(now)), answered=True)
    assert seconds == pytest.approx(readiness.STALL_S, abs=1)


def test_activity_is_measured_at_most_once_a_second() -> None:
    times: list[float] = []

    def measure(now: float) -> Activity:
        times.append(now)
        return Activity(0.0, "")

    polling_time(measure)
    assert len(times) >= readiness.STALL_S // readiness.SAMPLE_S - 1
    intervals = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    assert min(intervals) >= readiness.SAMPLE_S >= 1


def test_a_slow_server_is_awaited_beyond_one_stall_limit() -> None:
    clock, steps = FakeClock(), count()

    def get_status(_path: str, _token: str, timeout_s: float) -> int:
        clock.sleep(min(timeout_s, 20))
        return 200 if clock.now > readiness.STALL_S * 3 else 0

    client = JupyterClient("x", get_status)
    wait = start_wait(lambda: Activity(float(next(steps)), ""), clock)
    assert readiness.wait_for_tensorboard(client, TOKEN, lambda: True, wait) == ""
    assert clock.now > readiness.STALL_S * 3
    clock = FakeClock()
    assert "nothing after" in readiness.wait_for_tensorboard(client, TOKEN, lambda: True, start_wait(clock=clock))
    assert clock.now < readiness.STALL_S * 2


def test_a_server_that_rejects_the_token_is_reported() -> None:
    client = JupyterClient("x", lambda _path, token, _s: 403 if token else 200)
    clock = FakeClock()
    with pytest.raises(Unhealthy) as failure:
        readiness.wait_for_jupyter(client, TOKEN, lambda: True, start_wait(clock=clock))
    assert failure.value.code == "jupyter-token-rejected"
    assert "403" in failure.value.message
    assert clock.now == pytest.approx(readiness.STALL_S, abs=1)


def test_a_slow_tensorboard_is_a_warning_with_a_hint() -> None:
    finding = checks.tensorboard_route("TensorBoard's route answers nothing after 60 s")
    assert (finding.check, finding.status) == ("tensorboard/route", Verdict.WARNED)
    assert "envkit probe" in finding.hint
    assert checks.exit_code([finding]) == ExitCode.OK
    answered = checks.tensorboard_route("")
    assert (answered.status, answered.hint) == (Verdict.PASSED, "")


def test_activity_is_cpu_time_and_the_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = b'{"cpu_stats": {"cpu_usage": {"total_usage": 2500000000}}}'
    responses: dict[str, Response] = {}
    monkeypatch.setattr(unix_http, "get", lambda _socket, path, **_: responses["log" if "/logs?" in path else "stats"])
    # Without statistics, the log alone shows progress.
    for body, status, cpu_s in ((stats, 200, 2.5), (b"{}", 200, 0.0), (b"[", 200, 0.0), (stats, 404, 0.0)):
        responses.update(stats=Response(status, {}, body), log=Response(200, {}, b"a line"))
        result = activity.measure("unix:///x", NAME)
        assert (result.cpu_s if result else None) == cpu_s, (body, status)
    responses["stats"] = Response(200, {}, stats)
    first = activity.measure("unix:///x", NAME)
    assert activity.measure("unix:///x", NAME) == first
    responses["log"] = Response(200, {}, b"another line")
    assert activity.measure("unix:///x", NAME) != first
    responses["log"] = Response(500, {}, b"no log")
    assert activity.measure("unix:///x", NAME) is None
    assert activity.measure("tcp://x", NAME) is None


# The token.


def test_a_foreign_server_receives_no_token(server: Server) -> None:
    client = port_client(server.port)
    for states in ([False], [True, False]):  # never envkit's; lost between two requests
        with pytest.raises(Unhealthy) as failure:
            readiness.wait_for_jupyter(client, TOKEN, ownership(states), start_wait())
        assert failure.value.code == "jupyter-unreachable", states
        assert server.tokens == [], states
    server.requests.clear()
    error = readiness.wait_for_tensorboard(client, TOKEN, lambda: False, start_wait())
    assert "answers nothing" in error
    assert server.requests == []


def test_the_token_is_sent_once_the_container_runs(server: Server) -> None:
    client = port_client(server.port)
    readiness.wait_for_jupyter(client, TOKEN, ownership([False, True]), start_wait())
    assert server.requests == [("/api", ""), ("/api/status", f"token {TOKEN}")]
    assert readiness.wait_for_tensorboard(client, TOKEN, ownership([False, True]), start_wait()) == ""
    assert server.tokens == [f"token {TOKEN}"] * 2


def test_a_container_that_has_ended_ends_every_wait(server: Server) -> None:
    def raise_ended() -> bool:
        raise Unhealthy("the workspace ended", code="container-exited")

    client = port_client(server.port)
    waits: tuple[Callable[[], object], ...] = (
        lambda: readiness.wait_for_jupyter(client, TOKEN, raise_ended, start_wait()),
        lambda: readiness.wait_for_tensorboard(client, TOKEN, raise_ended, start_wait()),
        lambda: readiness.wait_for_sshd(server.port, raise_ended, start_wait()),
    )
    for wait in waits:
        with pytest.raises(Unhealthy, match="ended"):
            wait()
    assert server.requests == []


def test_a_container_owns_its_port_only_while_it_runs(tmp_path: Path) -> None:
    cases = (
        ("running", "8901", True),
        ("running", "8902", False),
        ("restarting", "8901", False),
        ("exited", "8901", False),
        ("paused", "8901", False),
    )
    for number, (status, port, owns) in enumerate(cases):
        inspection = {
            "Id": "c1",
            "Image": "i1",
            "State": {"Status": status, "Running": True},
            "Config": {"Labels": {naming.PORT: "8901"}},  # a label may lie
            "NetworkSettings": {
                "Networks": {},
                "Ports": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}], "2222/tcp": None},
            },
        }
        socket_path = tmp_path / f"engine-{number}"
        with answering(socket_path, b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(inspection).encode()):
            assert fast_inspect.owns_port(f"unix://{socket_path}", NAME, 8901) is owns, (status, port)


def test_a_probe_that_does_not_end_keeps_observations(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_script(*arguments: Any, limit_s: float, user: str) -> int:
        arguments[-1]('{"what": "begin", "data": {"look": "tensorflow.import"}}')
        raise TimeLimitExceeded(f"longer than {limit_s} s", code="script-timeout")

    monkeypatch.setattr(FakeBackend, "run_script", run_script)
    observations = probe.probe(FakeBackend(), NAME, lambda _: None)
    crash = find_crash(observations)
    assert crash is not None
    assert "150 s" in crash.detail


# Tasks in threads.


def test_a_check_returns_or_raises_its_result() -> None:
    def fail() -> str:
        raise TimeoutError("its own")

    assert start_check(lambda: "wrong", 10)() == "wrong"
    with pytest.raises(TimeoutError, match="its own"):
        start_check(fail, 10)()


def test_a_check_that_does_not_end_is_reported() -> None:
    never = threading.Event()
    assert start_check(lambda: str(never.wait()), 0.05)() == "no result within 0 s"
    never.set()


def test_tasks_run_in_parallel_up_to_the_limit() -> None:
    both, running, counts, lock = threading.Barrier(2), set[int](), list[int](), threading.Lock()

    def task(number: int) -> int:
        with lock:
            running.add(number)
            counts.append(len(running))
        both.wait(30)  # no task passes alone
        with lock:
            running.remove(number)
        return number

    assert gather([partial(task, number) for number in range(6)], 2) == (0, 1, 2, 3, 4, 5)
    assert max(counts) == 2


def test_the_first_failed_task_in_order_is_raised() -> None:
    failed = threading.Event()

    def first() -> None:
        failed.wait(30)
        raise ValueError("first")

    def second() -> None:
        failed.set()
        raise KeyError("second")

    with pytest.raises(ValueError, match="first"):
        gather([first, second], 2)


def test_probe_requests_tensorboard_where_jupyterlab_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment = Environment("vision", "/p", 1000, StateDir(tmp_path), State("vision", "/p", port=8890), "unix:///x")
    monkeypatch.setattr(
        readiness, "wait_for_tensorboard", lambda client, _token, is_ours, _wait: f"{client.location} {is_ours()}"
    )
    for owned_port, location in ((8890, "http://127.0.0.1:8890"), (0, f"{naming.JUPYTER_SOCKET} inside")):
        monkeypatch.setattr(fast_inspect, "owns_port", lambda *arguments, port=owned_port: arguments[2] == port)
        assert probe_command._start_tensorboard_check(environment, FakeBackend())() == f"{location} True"
