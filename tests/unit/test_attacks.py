"""The attacks themselves: sent to our own alone, in limited time, harmless, and no secret is in what is told."""

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
from envkit.net import http as http_
from envkit.observe import http_attacks, ssh_attacks
from tests.unit.audits import verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


TOKEN = secrets.token_urlsafe(32)
COOKIE = secrets.token_urlsafe(32)


class Server(http.server.BaseHTTPRequestHandler):
    """Repeats what it is asked with, and sets two cookies at a login."""

    asked: list[str]
    xsrf = "_xsrf=a"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        self.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        known = self.headers["Authorization"] == f"token {TOKEN}" or COOKIE in (self.headers["Cookie"] or "")
        self.send_response(200 if known else 403)
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
    Server.asked, Server.xsrf = [], "_xsrf=a"
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def told(port: int, ours: Callable[[], bool] = lambda: True, limit_s: float = 60) -> dict[str, Any]:
    """Return what was observed, the last of each name."""
    return {one.name: one.data for one in http_attacks.run_attacks(port, TOKEN, ours, limit_s=limit_s)}


def test_neither_token_nor_cookie_reaches_what_is_told(server: Any) -> None:
    seen = http_attacks.run_attacks(server.server_port, TOKEN, lambda: True)
    assert len(seen) == len(HTTP_ATTACKS) + 3
    text = json.dumps([one.data for one in seen])
    assert TOKEN not in text
    assert COOKIE not in text
    assert "[hidden]" in text


def test_the_login_cookie_is_judged_by_its_own_flags_alone(server: Any) -> None:
    seen = told(server.server_port)
    assert seen["audit.cookie"] == {
        "cookies": [
            {"name": "username-127-0-0-1", "flags": ["HttpOnly", "SameSite=Strict"]},
        ]
    }
    assert seen["audit.control"] == {"owner": 200, "browser": 200}
    assert seen["audit.guesses"]["refused"] == 100


def test_a_cookie_that_no_header_can_hold_ends_nothing(server: Any) -> None:
    Server.xsrf = r'_xsrf="a\012b"'
    assert "audit.guesses" in told(server.server_port)
    assert http_.send(server.server_port, "GET", "/", {"Cookie": "a\nb"}) == http_.Response(0, {})


@pytest.mark.parametrize("asked", [0, 1, 5, 40])
def test_nothing_is_sent_once_the_port_is_not_ours(server: Any, asked: int) -> None:
    answers = iter([True] * asked)
    seen = told(server.server_port, lambda: next(answers, False))
    assert len(Server.asked) == asked
    assert "does not hold port" in seen["audit.stopped"]["why"]


def test_a_server_that_says_nothing_is_asked_once() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        may_be_asked = iter([True])
        seen = told(listener.getsockname()[1], lambda: next(may_be_asked), limit_s=0.05)
    assert seen == {"audit.stopped": {"why": "JupyterLab does not answer"}}


def test_guessing_ends_at_the_first_silence(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real, sent = http_.send, []

    def send(port: int, method: str, path: str, headers: dict[str, str], *rest: Any, **more: Any) -> http_.Response:
        sent.append(path)
        return (
            real(port, method, path, headers, *rest, **more)
            if len(sent) <= len(HTTP_ATTACKS) + 4
            else http_.Response(0, {})
        )

    monkeypatch.setattr(http_, "send", send)
    assert told(server.server_port)["audit.guesses"]["tried"] == 1


# ── SSH ──


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[list[str]]]:
    """Return a function that puts a client in place of ssh; what it was started with is returned."""
    (tmp_path / "ssh_config").write_text("Host x\n    IdentityFile owner\n")

    def put(
        run: Callable[[list[str]], process.CompletedProcess], programs: tuple[str, ...] = ("ssh", "ssh-agent")
    ) -> list[list[str]]:
        started: list[list[str]] = []

        def stand_in(argv: list[str], **_: object) -> process.CompletedProcess:
            started.append(argv)
            return run(argv)

        monkeypatch.setattr(process, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(process, "run", stand_in)
        return started

    return put


def test_nothing_is_attacked_where_the_owner_does_not_get_in(client: Any, tmp_path: Path) -> None:
    started = client(lambda _: process.CompletedProcess(255, "", "ssh: connect to host x: Connection refused"))
    seen = ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    assert [one.data["attack"] for one in seen] == ["owner"]
    assert len(started) == 1


def test_a_client_that_hangs_has_no_code_and_saw_no_refusal(client: Any, tmp_path: Path) -> None:
    def hang(argv: list[str]) -> process.CompletedProcess:
        if argv[-1] == "true" and not any("Authentication" in one for one in argv):
            return process.CompletedProcess(0, "", "")
        raise process.TimeoutExpired(argv, 1)

    client(hang)
    seen = {one.data["attack"]: one.data for one in ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")}
    assert seen["password"]["code"] is None
    assert not seen["password"].get("refused")


# What the client says where the server hangs up before it has heard who comes: it serves too many, it has had enough of
# this address, or it waited too long. The last are words of whatever leads to the server, which is not the server.
NOT_HEARD = [
    "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 127.0.0.1 port 2222",
    "debug1: kex_exchange_identification: banner line 0: Exceeded MaxStartups\nConnection closed by remote host",
    "debug1: kex_exchange_identification: banner line 0: Not allowed at this time\nConnection closed by remote host",
    "Connection closed by 127.0.0.1 port 2222",
    "Timeout, server 127.0.0.1 not responding.",
    "ana@gateway: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535",
]
REFUSED = process.CompletedProcess(
    255, "", "debug1: Authentications that can continue: publickey\nx: Permission denied (publickey)."
)


def owner_or(other: Callable[[list[str]], process.CompletedProcess], argv: list[str]) -> process.CompletedProcess:
    """Let in the owner, who comes without options of an attack, and make keys; all else is the other's."""
    well = argv[0] == "ssh-keygen" or argv[5:] == ["-v", "x", "true"]
    return process.CompletedProcess(0, "", "") if well else other(argv)


@pytest.mark.parametrize("said", NOT_HEARD)
def test_a_server_that_hangs_up_on_an_attack_has_refused_nobody(said: str, client: Any, tmp_path: Path) -> None:
    client(lambda argv: owner_or(lambda _: process.CompletedProcess(255, "", said), argv))
    seen = ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    assert {one.data["code"] for one in seen} == {0, 255}
    assert set(verdicts(list(seen)).values()) == {Verdict.UNKNOWN}


def test_what_the_server_hung_up_on_is_tried_again_and_what_it_refused_or_allowed_is_not(
    client: Any, tmp_path: Path
) -> None:
    tried = Counter[str]()

    def serve(argv: list[str]) -> process.CompletedProcess:
        tried[who := " ".join(one for one in argv if one in {"-lroot", "-lnosuch"})] += 1
        if who == "-lroot" and tried[who] == 1:
            return process.CompletedProcess(255, "", NOT_HEARD[1])
        return process.CompletedProcess(0, "", "") if who == "-lnosuch" else REFUSED

    client(lambda argv: owner_or(serve, argv))
    seen = {one.data["attack"]: one.data for one in ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")}
    assert (tried["-lroot"], tried["-lnosuch"], tried[""]) == (2, 1, len(SSH_ATTACKS) - 2)
    assert (seen["root"]["refused"], seen["unknown user"]["code"]) == (True, 0)
    assert list(seen) == ["owner", *(one.name for one in SSH_ATTACKS)]


def test_a_few_attacks_at_once_are_no_crowd_at_the_door(client: Any, tmp_path: Path) -> None:
    running, begun, most, lock, all_there = 0, 0, 0, threading.Lock(), threading.Barrier(ssh_attacks.CONCURRENCY)

    def refuse(_: list[str]) -> process.CompletedProcess:
        nonlocal running, most, begun
        with lock:
            running, begun = running + 1, begun + 1
            most, among_the_first = max(most, running), begun <= ssh_attacks.CONCURRENCY
        if among_the_first:
            all_there.wait(30)  # nobody comes through alone
        with lock:
            running -= 1
        return REFUSED

    client(lambda argv: owner_or(refuse, argv))
    ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")
    assert begun == len(SSH_ATTACKS)
    assert most == ssh_attacks.CONCURRENCY < 10  # from the eleventh on our own sshd drops some, as others do


def test_without_an_agent_that_attack_alone_is_left_out(client: Any, tmp_path: Path) -> None:
    client(lambda _: process.CompletedProcess(0, "", ""), programs=("ssh",))
    seen = {one.data["attack"]: one.data for one in ssh_attacks.run_attacks(tmp_path / "ssh_config", "x")}
    assert {name for name, data in seen.items() if data["skipped"]} == {"agent"}
    assert seen.keys() == {"owner", *(one.name for one in SSH_ATTACKS)}
