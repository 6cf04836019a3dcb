"""Attacks on the servers are sent only to envkit's container, limited in time, and free of secrets."""

from __future__ import annotations

import http.server
import json
import secrets
import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from envkit import process
from envkit.checks.audit.attack_cases import HTTP_ATTACKS, SSH_ATTACKS
from envkit.model.report import Verdict
from envkit.net import http as http_client
from envkit.observe import http_attacks, ssh_attacks
from tests.support.audit_observations import ssh_statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


TOKEN = secrets.token_urlsafe(32)
COOKIE = secrets.token_urlsafe(32)


class Server(http.server.BaseHTTPRequestHandler):
    """Repeats the headers of each request, and sets two cookies on a login."""

    requests: list[str]
    xsrf = "_xsrf=a"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        self.requests.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        is_known = self.headers["Authorization"] == f"token {TOKEN}" or COOKIE in (self.headers["Cookie"] or "")
        self.send_response(200 if is_known else 403)
        self.send_header("Location", f"/x?{self.headers['Authorization']}&{self.headers['Cookie']}")
        self.send_header("Set-Cookie", self.xsrf)
        if self.command == "POST" and self.path == "/login":
            self.send_header("Set-Cookie", f"username-127-0-0-1={COOKIE}; Path=/; HttpOnly; SameSite=Strict")
            self.send_header("Set-Cookie", "other=1; Path=/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    Server.requests, Server.xsrf = [], "_xsrf=a"
    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
    thread.start()
    yield http_server
    http_server.shutdown()
    thread.join()
    http_server.server_close()


def observe(port: int, is_ours: Callable[[], bool] = lambda: True, limit_s: float = 60) -> dict[str, Any]:
    """Return the data of the last observation of each name."""
    return {
        observation.name: observation.data
        for observation in http_attacks.run_attacks(port, TOKEN, is_ours, limit_s=limit_s)
    }


def test_observations_contain_neither_token_nor_cookie(server: Any) -> None:
    observations = http_attacks.run_attacks(server.server_port, TOKEN, lambda: True)
    assert len(observations) == len(HTTP_ATTACKS) + 4
    text = json.dumps([observation.data for observation in observations])
    assert TOKEN not in text
    assert COOKIE not in text
    assert "[hidden]" in text


def test_only_the_login_cookie_is_observed_with_its_flags(server: Any) -> None:
    observations = observe(server.server_port)
    assert observations["audit.cookie"] == {
        "cookies": [
            {"name": "username-127-0-0-1", "flags": ["HttpOnly", "SameSite=Strict"]},
        ]
    }
    assert observations["audit.control"] == {"owner": 200, "browser": 200}
    assert observations["audit.guesses"]["refused"] == 100


def test_an_unsendable_cookie_does_not_stop_the_attacks(server: Any) -> None:
    Server.xsrf = r'_xsrf="a\012b"'
    assert "audit.guesses" in observe(server.server_port)
    assert http_client.send(server.server_port, "GET", "/", {"Cookie": "a\nb"}) == http_client.Response(0, {})


def test_nothing_is_sent_once_another_server_has_the_port(server: Any) -> None:
    for count in (0, 1, 5, 40):
        Server.requests.clear()
        answers = iter([True] * count)
        observations = observe(server.server_port, lambda answers=answers: next(answers, False))  # type: ignore[misc]
        assert len(Server.requests) == count
        assert "no longer holds port" in observations["audit.stopped"]["why"], count


def test_a_silent_server_receives_one_request() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ownership = iter([True])
        observations = observe(listener.getsockname()[1], lambda: next(ownership), limit_s=0.05)
    assert observations == {"audit.stopped": {"why": "JupyterLab does not answer"}}


def test_guessing_stops_without_an_answer(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original_send, paths = http_client.send, []

    def send(
        port: int, method: str, path: str, headers: dict[str, str], *body: Any, **options: Any
    ) -> http_client.Response:
        paths.append(path)
        return (
            original_send(port, method, path, headers, *body, **options)
            if len(paths) <= len(HTTP_ATTACKS) + 4
            else http_client.Response(0, {})
        )

    monkeypatch.setattr(http_client, "send", send)
    assert observe(server.server_port)["audit.guesses"]["attempts"] == 1


# SSH.


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[list[str]]]:
    """Return a function that replaces the SSH client, and returns the commands that are run."""
    (tmp_path / "ssh_config").write_text("Host x\n    IdentityFile owner\n")

    def install(
        run: Callable[[list[str]], process.CompletedProcess], programs: tuple[str, ...] = ("ssh", "ssh-agent")
    ) -> list[list[str]]:
        commands: list[list[str]] = []

        def run_client(argv: list[str], **_: object) -> process.CompletedProcess:
            commands.append(argv)
            return run(argv)

        monkeypatch.setattr(process, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(process, "run", run_client)
        return commands

    return install


def test_nothing_is_attacked_if_the_owner_cannot_log_in(client: Any, tmp_path: Path) -> None:
    commands = client(lambda _: process.CompletedProcess(255, "", "ssh: connect to host x: Connection refused"))
    observations = ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    assert [observation.data["attack"] for observation in observations] == ["owner"]
    assert len(commands) == 1


def test_a_hanging_client_has_no_exit_code_and_no_refusal(client: Any, tmp_path: Path) -> None:
    def hang(argv: list[str]) -> process.CompletedProcess:
        if argv[-1] == "true" and not any("Authentication" in argument for argument in argv):
            return process.CompletedProcess(0, "", "")
        raise process.TimeoutExpired(argv, 1)

    client(hang)
    observations = {
        observation.data["attack"]: observation.data
        for observation in ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    }
    assert observations["password"]["code"] is None
    assert not observations["password"].get("refused")


# Output of the client if the server closes the connection before the login: too many connections, a blocked address, or
# a timeout. The last output is from a jump host, not from the server.
DROPPED = [
    "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 127.0.0.1 port 2222",
    "debug1: kex_exchange_identification: banner line 0: Exceeded MaxStartups\nConnection closed by remote host",
    "debug1: kex_exchange_identification: banner line 0: Not allowed at this time\nConnection closed by remote host",
    "Connection closed by 127.0.0.1 port 2222",
    "Timeout, server 127.0.0.1 not responding.",
    "ana@gateway: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535",
]
REFUSAL = process.CompletedProcess(
    255, "", "debug1: Authentications that can continue: publickey\nx: Permission denied (publickey)."
)


def run_as_owner_or(
    run_other: Callable[[list[str]], process.CompletedProcess], argv: list[str]
) -> process.CompletedProcess:
    """Accept the owner, who has none of an attack's options, and create keys; pass other commands on."""
    is_allowed = argv[0] == "ssh-keygen" or argv[5:] == ["-v", "x", "true"]
    return process.CompletedProcess(0, "", "") if is_allowed else run_other(argv)


def test_a_closed_connection_is_not_a_refusal(client: Any, tmp_path: Path) -> None:
    for output in DROPPED:
        dropped = process.CompletedProcess(255, "", output)
        client(lambda argv, dropped=dropped: run_as_owner_or(lambda _: dropped, argv))
        observations = ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
        assert {observation.data["code"] for observation in observations} == {0, 255}, output
        assert set(ssh_statuses(list(observations)).values()) == {Verdict.UNKNOWN}, output


def test_only_dropped_attacks_are_repeated(client: Any, tmp_path: Path) -> None:
    attempts = Counter[str]()

    def serve(argv: list[str]) -> process.CompletedProcess:
        attempts[user := " ".join(argument for argument in argv if argument in {"-lroot", "-lnosuch"})] += 1
        if user == "-lroot" and attempts[user] == 1:
            return process.CompletedProcess(255, "", DROPPED[1])
        return process.CompletedProcess(0, "", "") if user == "-lnosuch" else REFUSAL

    client(lambda argv: run_as_owner_or(serve, argv))
    observations = {
        observation.data["attack"]: observation.data
        for observation in ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    }
    assert (attempts["-lroot"], attempts["-lnosuch"], attempts[""]) == (2, 1, len(SSH_ATTACKS) - 2)
    assert (observations["root"]["refused"], observations["unknown user"]["code"]) == (True, 0)
    assert list(observations) == ["owner", *(attack.name for attack in SSH_ATTACKS)]


def test_few_attacks_run_at_the_same_time(client: Any, tmp_path: Path) -> None:
    running = started_count = most_running = 0
    lock, barrier = threading.Lock(), threading.Barrier(ssh_attacks.CONCURRENCY)

    def refuse(_: list[str]) -> process.CompletedProcess:
        nonlocal running, most_running, started_count
        with lock:
            running, started_count = running + 1, started_count + 1
            most_running, is_early = max(most_running, running), started_count <= ssh_attacks.CONCURRENCY
        if is_early:
            barrier.wait(30)  # no attack passes alone
        with lock:
            running -= 1
        return REFUSAL

    client(lambda argv: run_as_owner_or(refuse, argv))
    ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    assert started_count == len(SSH_ATTACKS)
    assert most_running == ssh_attacks.CONCURRENCY < 10  # sshd drops some connections from the eleventh on


def test_without_an_agent_only_its_attack_is_skipped(client: Any, tmp_path: Path) -> None:
    client(lambda _: process.CompletedProcess(0, "", ""), programs=("ssh",))
    observations = {
        observation.data["attack"]: observation.data
        for observation in ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    }
    assert {name for name, data in observations.items() if data["skipped"]} == {"agent"}
    assert observations.keys() == {"owner", *(attack.name for attack in SSH_ATTACKS)}
